import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTargetUri } from './target-uri.ts';

describe('SIP addresses that are called', () => {
  test('user, host, port, transport; the scheme may be left out', () => {
    assert.deepEqual(readTargetUri('bob@PBX.example.com:5070;transport=tcp'), {
      user: 'bob',
      host: 'pbx.example.com',
      port: 5070,
      transport: 'tcp',
      uri: 'sip:bob@pbx.example.com:5070;transport=tcp',
      headers: {},
    });
    assert.equal(readTargetUri('sips:bob@example.com')?.transport, 'tls');
    assert.equal(readTargetUri('sip:[2001:db8::1]:5060')?.host, '[2001:db8::1]');
    assert.equal(readTargetUri(' sip:+14155550100;phone-context=x@example.com ')?.user, '+14155550100;phone-context=x');
  });

  test('a password is left out', () => {
    assert.equal(readTargetUri('sip:bob:secret@example.com')?.uri, 'sip:bob@example.com');
  });

  test('only headers that may be given are given, without line breaks', () => {
    const read = readTargetUri('sip:bob@example.com?X-Order=4%0d%0aVia:%20x&Route=sip:evil&user-to-user=00');
    assert.deepEqual(read?.headers, { 'X-Order': '4 Via: x', 'user-to-user': '00' });
    assert.equal(read?.uri, 'sip:bob@example.com');
  });

  for (const text of [
    '',
    'sip:',
    'tel:+14155550100',
    'sip:bob@',
    'sip:bob@exa mple.com',
    'sip:bob@example.com:0',
    'sip:bob@example.com:70000',
    'sip:bob@example.com;transport=carrier-pigeon',
    'sip:bob@example.com\r\nVia: x',
    'sip:"bob"@example.com',
    `sip:${'b'.repeat(3000)}@example.com`,
  ]) {
    test(`no address: ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(readTargetUri(text), undefined));
  }
});
