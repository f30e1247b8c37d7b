import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readNameAddress, readUri } from './uri.ts';

describe('a SIP URI', () => {
  const cases: readonly [uri: string, user: string | undefined, host: string | undefined][] = [
    ['sip:2030@example.com', '2030', 'example.com'],
    ['SIPS:2030@Example.COM:5061;transport=tls?Subject=x', '2030', 'example.com'],
    ['sip:example.com', undefined, 'example.com'],
    ['sip:example.com;transport=tcp', undefined, 'example.com'],
    ['sip:alice:secret@example.com', 'alice', 'example.com'],
    ['sip:+1%20415@example.com', '+1 415', 'example.com'],
    ['sip:2030@[2001:db8::1]:5060', '2030', '[2001:db8::1]'],
    ['sip:+14155550100;phone-context=example.net@example.com;user=phone', '+14155550100', 'example.com'],
    ['sip:bob@example.net@example.com', 'bob@example.net', 'example.com'],
    ['sip:2030@example.com?Reply-To=a@b', '2030', 'example.com'],
    ['tel:+1-415-555-0100;ext=5', '+1-415-555-0100', undefined],
    ['tel:', undefined, undefined],
    ['https://example.com', undefined, undefined],
    ['2030@example.com', undefined, undefined],
    ['', undefined, undefined],
  ];
  for (const [uri, user, host] of cases) {
    it(`${uri || '(empty)'}: user ${user}, host ${host}`, () => {
      assert.deepEqual(readUri(uri), { ...(user && { user }), ...(host && { host }) });
    });
  }

  it('keeps escapes that stand for control characters or for nothing: no line break comes out of a URI', () => {
    assert.equal(readUri('sip:1%0d%0aX-Evil:%20y@example.com').user, '1%0d%0aX-Evil');
    assert.equal(readUri('sip:1%00@example.com').user, '1%00');
    assert.equal(readUri('sip:100%@example.com').user, '100%');
  });
});

describe('a name-address header', () => {
  const cases: readonly [header: string, name: string, user: string | undefined][] = [
    ['"Alice Liddell" <sip:alice@example.com>;tag=1', 'Alice Liddell', 'alice'],
    ['Alice <sip:alice@example.com>', 'Alice', 'alice'],
    ['<sip:alice@example.com>;tag=1', '', 'alice'],
    ['sip:alice@example.com;tag=1', '', 'alice'],
    ['"J Rosenberg <hey>" <sip:jdrosen@example.com>', 'J Rosenberg <hey>', 'jdrosen'],
    ['"a \\" <sip:mallory@evil.example>" <sip:alice@example.com>', 'a " <sip:mallory@evil.example>', 'alice'],
    ['"unfinished <sip:alice@example.com>', 'unfinished', 'alice'],
    ['<sip:alice@example.com', '', undefined],
    ['anonymous', '', undefined],
  ];
  for (const [header, name, user] of cases) {
    it(header, () => {
      const read = readNameAddress(header);
      assert.deepEqual([read.name, read.user], [name, user]);
    });
  }

  it('is empty when the header is missing', () => {
    assert.deepEqual(readNameAddress(undefined), { name: '' });
  });

  it('is read, whatever it is, without a throw, in bounded time, and gives no control character in user or host', () => {
    const pieces = fc.constantFrom(
      'sip:',
      'tel:',
      '<',
      '>',
      '"',
      '\\',
      '@',
      ':',
      ';',
      '?',
      '%',
      '%0a',
      '[',
      ']',
      'a',
      '\r\n',
    );
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const { user = '', host = '' } = readNameAddress(text);
        const decodedControl = user.length < text.length && /\p{Cc}/u.test(user) && !/\p{Cc}/u.test(text);
        assert.ok(!decodedControl);
        assert.ok(user.length + host.length <= 2048);
      }),
    );
    const began = performance.now();
    readNameAddress('"'.padEnd(1_000_000, '\\"<'));
    readNameAddress(`sip:${'@'.repeat(1_000_000)}`);
    assert.ok(performance.now() - began < 200);
  });
});
