import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digitOfInfo } from './dtmf-relay.ts';

describe('the digit of a SIP INFO', () => {
  const cases: readonly [type: string | undefined, body: string, digit: string | undefined][] = [
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
    ['application/dtmf-relay', 'Duration = 160\nSignal = #\n', '#'],
    ['Application/DTMF-Relay; charset=utf-8', 'signal=d', 'D'],
    ['application/dtmf-relay', 'Signal=10\r\n', '*'],
    ['application/dtmf-relay', 'Signal=11\r\n', '#'],
    ['application/dtmf-relay', 'Signal=12\r\n', undefined],
    ['application/dtmf-relay', 'Signal=\r\nDuration=100', undefined],
    ['application/dtmf-relay', '', undefined],
    ['application/dtmf', '7', '7'],
    ['application/dtmf', ' * \r\n', '*'],
    ['application/dtmf', '55', undefined],
    ['application/dtmf', 'x', undefined],
    ['text/plain', '5', undefined],
    [undefined, 'Signal=5', undefined],
    ['application/dtmf', `5${' '.repeat(100_000)}`, '5'],
  ];
  for (const [type, body, digit] of cases) {
    it(`${type}: ${JSON.stringify(body.slice(0, 40))} is ${digit ?? 'none'}`, () => {
      assert.equal(digitOfInfo(type, body), digit);
    });
  }
});
