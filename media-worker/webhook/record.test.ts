import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRedactor, proofsIn } from './record.ts';

describe('what a request proves itself with', () => {
  const cases: readonly [what: string, headers: Readonly<Record<string, string>>, echoed: string, shown: string][] = [
    ['a bearer token', { authorization: 'Bearer abc-123' }, 'token abc-123', 'token ***'],
    ['a Basic password', { authorization: `Basic ${btoa('ann:s3cret')}` }, 'hello ann, s3cret!', 'hello ann, ***!'],
    [
      'the value of a cookie',
      { cookie: 'a=1; session=abcdef' },
      '{"session":"abcdef","a":1}',
      '{"session":"***","a":1}',
    ],
    [
      'a signature',
      { 'x-pivot-signature': `t=1700000000,v1=${'ab'.repeat(32)}` },
      `1700000000 ${'ab'.repeat(32)}`,
      '1700000000 ***',
    ],
    [
      'a signature in base64',
      { 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' },
      'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
      '***',
    ],
    ['nothing else', { 'user-agent': 'Pivot/0.1.0' }, 'Pivot/0.1.0', 'Pivot/0.1.0'],
  ];
  for (const [what, headers, echoed, shown] of cases) {
    it(`${what}: is not recorded where a server gives it back`, () => {
      assert.equal(createRedactor(proofsIn(headers)).text(echoed), shown);
    });
  }
});
