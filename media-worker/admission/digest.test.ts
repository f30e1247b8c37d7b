import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { challenges, isRightResponse, readCredentials } from './digest.ts';

/** RFC 7616 section 3.9.1. */
const EXAMPLE = (response: string, algorithm: string): string =>
  [
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html"',
    `algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001`,
    `cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="${response}"`,
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  ].join(',\r\n ');
const RIGHT = {
  MD5: '8ca523f5e9506fed4657c9700eebdbec',
  'SHA-256': '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
} as const;

describe('a digest', () => {
  for (const [algorithm, response] of Object.entries(RIGHT)) {
    it(`by ${algorithm} is right with the password and the method, and with no other`, () => {
      const [credentials] = readCredentials(EXAMPLE(response, algorithm));
      assert.ok(credentials !== undefined);
      assert.equal(isRightResponse(credentials, 'GET', 'Circle of Life'), true);
      assert.equal(isRightResponse(credentials, 'GET', 'Circle of life'), false);
      assert.equal(isRightResponse(credentials, 'POST', 'Circle of Life'), false);
      assert.equal(isRightResponse({ ...credentials, response: '' }, 'GET', 'Circle of Life'), false);
    });
  }

  it('without qop is that of RFC 2069; without an algorithm MD5', () => {
    const [credentials] = readCredentials(
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", response="670FD8C2DF070C60B045671B8B24FF02"',
    );
    assert.deepEqual([credentials?.algorithm, credentials?.counted], ['MD5', undefined]);
    assert.equal(isRightResponse(credentials!, 'GET', 'Circle Of Life'), true);
  });

  it('stands among others in one header', () => {
    const both = `${EXAMPLE(RIGHT.MD5, 'MD5')}, Digest username="a,b", realm="r \\"2\\"", nonce=n, uri="sip:x@h, y=1", response=00, Basic abc=, digest username=c, realm=d, nonce=e, uri=f, response=0`;
    assert.deepEqual(
      readCredentials(both).map(({ username, realm, uri }) => [username, realm, uri]),
      [
        ['Mufasa', 'http-auth@example.org', '/dir/index.html'],
        ['a,b', 'r "2"', 'sip:x@h, y=1'],
        ['c', 'd', 'f'],
      ],
    );
  });

  it('that cannot be used is none: another algorithm, another qop, a bad count, a missing part', () => {
    for (const text of [
      undefined,
      '',
      'Basic dXNlcjpwYXNz',
      EXAMPLE(RIGHT.MD5, 'SHA-512-256'),
      EXAMPLE(RIGHT.MD5, 'MD5').replace('qop=auth', 'qop=auth-int'),
      EXAMPLE(RIGHT.MD5, 'MD5').replace('nc=00000001', 'nc=1'),
      EXAMPLE(RIGHT.MD5, 'MD5').replace('realm=', 'domain='),
      EXAMPLE(RIGHT.MD5, 'MD5').replace('Mufasa', 'M'.repeat(65)),
    ]) {
      assert.deepEqual(readCredentials(text), [], String(text));
    }
  });

  it('is read from whatever is sent without a fault and in no time', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'Digest username="\\,= \r\n'.split('')), maxLength: 3000 }),
        (text) => {
          assert.ok(Array.isArray(readCredentials(text)));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a challenge', () => {
  it('offers the better algorithm first', () => {
    assert.deepEqual(challenges('acme.example', 'abc', true, 'both'), [
      'Digest realm="acme.example", nonce="abc", algorithm=SHA-256, qop="auth", stale=true',
      'Digest realm="acme.example", nonce="abc", algorithm=MD5, qop="auth", stale=true',
    ]);
  });
});
