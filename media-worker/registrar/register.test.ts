import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fakeRequest } from '../call/testing/fake-sip.ts';
import { readRegister } from './register.ts';

function read(headers: Readonly<Record<string, string | undefined>>): ReturnType<typeof readRegister> {
  return readRegister(
    fakeRequest({
      method: 'REGISTER',
      uri: 'sip:acme.example',
      headers: { To: '<sip:ann@acme.example>', CSeq: '7 REGISTER', ...headers },
    }),
  );
}

function contacts(contact: string | undefined, more: Readonly<Record<string, string>> = {}): unknown {
  const result = read({ Contact: contact, ...more });
  return result.ok ? result.register.contacts : result.reason;
}

describe('a REGISTER', () => {
  it('says whose address it is, in which order it came, and for how long', () => {
    const result = read({ Expires: '300', 'User-Agent': 'Phone 1' });
    assert.ok(result.ok);
    assert.deepEqual(result.register, {
      callId: 'call-1@phone.example',
      cseq: 7,
      of: { user: 'ann', host: 'acme.example' },
      expires: 300,
      userAgent: 'Phone 1',
      contacts: [{ uri: 'sip:alice@192.0.2.1:5060', expires: undefined, instance: undefined }],
    });
  });

  it('may have several contacts, with parameters of their own', () => {
    assert.deepEqual(
      contacts(
        '"Ann, at <home>" <sip:ann@192.0.2.1:5070;transport=tcp>;expires=60;+sip.instance="<urn:uuid:1,2>", sip:ann@192.0.2.2;expires=0',
      ),
      [
        { uri: 'sip:ann@192.0.2.1:5070;transport=tcp', expires: 60, instance: '<urn:uuid:1,2>' },
        { uri: 'sip:ann@192.0.2.2', expires: 0, instance: undefined },
      ],
    );
  });

  it('without a contact only asks', () => assert.deepEqual(contacts(undefined), []));

  it('removes everything with *, which needs Expires 0', () => {
    assert.equal(contacts('*', { Expires: '0' }), 'all');
    assert.equal(contacts('*'), 'Contact * needs Expires 0');
    assert.equal(contacts('*', { Expires: '60' }), 'Contact * needs Expires 0');
  });

  it('that cannot be read is refused with the reason', () => {
    assert.deepEqual(read({ 'Call-ID': undefined }), { ok: false, reason: 'Missing Call-ID' });
    assert.deepEqual(read({ CSeq: '1 INVITE' }), { ok: false, reason: 'Unreadable CSeq' });
    assert.deepEqual(read({ CSeq: '4294967296 REGISTER' }), { ok: false, reason: 'Unreadable CSeq' });
    assert.deepEqual(read({ To: '<sip:acme.example>' }), { ok: false, reason: 'Unreadable To' });
    for (const contact of [
      '<tel:+1415>',
      '<sip:ann@>',
      '<mailto:ann@acme.example>',
      '<sip:a@b>x, <',
      'ann@acme.example',
    ])
      assert.equal(contacts(contact), 'Unreadable Contact', contact);
    assert.equal(contacts(Array(11).fill('<sip:ann@192.0.2.1>').join(', ')), 'Too many contacts');
  });

  it("keeps a contact's password and headers to itself", () => {
    assert.deepEqual(contacts('<sip:ann:secret@192.0.2.1?X-A=1>'), [
      { uri: 'sip:ann@192.0.2.1', expires: undefined, instance: undefined },
    ]);
  });

  it('of whatever bytes gives an answer, and contacts that fit into one line', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'<>";,sip:@.=a1 \r\n\\*'.split('')), maxLength: 500 }),
        (text) => {
          const found = contacts(text);
          if (!Array.isArray(found)) return;
          for (const { uri } of found as { uri: string }[]) assert.doesNotMatch(uri, /[\s<>"]/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
