import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeRequest } from '../call/testing/fake-sip.ts';
import { type Invite, readInvite } from './invite.ts';

function read(headers: Readonly<Record<string, string | undefined>> = {}, uri?: string): Invite {
  const result = readInvite(fakeRequest({ headers, ...(uri === undefined ? {} : { uri }) }));
  assert.ok(result.ok);
  return result.invite;
}

describe('an INVITE', () => {
  it('says who calls, whom, and with what offer', () => {
    const invite = read({ From: '"Alice" <sip:+15550100@Phones.example>;tag=1', To: '<sip:2030@pivot.example>' });
    assert.deepEqual(invite.from, { user: '+15550100', host: 'phones.example' });
    assert.deepEqual(invite.to, { user: '2030', host: 'pivot.example' });
    assert.equal(invite.callerIdNumber, '+15550100');
    assert.equal(invite.callerIdName, 'Alice');
    assert.match(invite.sdp, /^v=0/);
  });

  it('is routed by its Request-URI, not by its To header', () => {
    assert.deepEqual(read({ To: '<sip:9@elsewhere>' }, 'sip:2030@acme.example:5080').request, {
      user: '2030',
      host: 'acme.example',
    });
  });

  it('withholds the caller when it asks for privacy or calls itself anonymous', () => {
    for (const headers of [{ Privacy: 'user;id' }, { From: '"A" <sip:Anonymous@anonymous.invalid>;tag=1' }]) {
      const { callerIdName, callerIdNumber } = read(headers);
      assert.deepEqual([callerIdName, callerIdNumber], ['', '']);
    }
    assert.equal(read({ Privacy: 'none' }).callerIdNumber, '+15550100');
  });

  it('tells who forwarded it', () => {
    assert.equal(read({ Diversion: '<sip:+15550199@example.com>;reason=user-busy' }).forwardedFrom, '+15550199');
    assert.equal(read().forwardedFrom, undefined);
  });

  it('hands on its X- headers, names as written, at most 64 of at most 1 KiB', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`X-H${i}`, 'v'.repeat(5000)]));
    const { customHeaders } = read({ 'X-Tenant': 'acme', 'x-lower': 'y', Subject: 'no', ...many });
    assert.equal(customHeaders['X-Tenant'], 'acme');
    assert.equal(customHeaders['x-lower'], 'y');
    assert.equal(customHeaders['Subject'], undefined);
    assert.equal(Object.keys(customHeaders).length, 64);
    assert.equal(customHeaders['X-H0']?.length, 1024);
  });

  it('may come without an offer', () => {
    const result = readInvite(fakeRequest({ body: '' }));
    assert.ok(result.ok && result.invite.sdp === '');
  });

  for (const [what, headers, uri] of [
    ['Missing Call-ID', { 'Call-ID': undefined }, undefined],
    ['Missing Contact', { Contact: undefined }, undefined],
    ['Unreadable Request-URI', {}, 'http://example.com'],
  ] as const) {
    it(`is refused in words: ${what}`, () => {
      const result = readInvite(fakeRequest({ headers, ...(uri === undefined ? {} : { uri }) }));
      assert.deepEqual(result, { ok: false, reason: what });
    });
  }

  it('without From and To is read all the same', () => {
    const { from, to, callerIdNumber } = read({ From: undefined, To: undefined });
    assert.deepEqual([from, to, callerIdNumber], [{}, {}, '']);
  });
});
