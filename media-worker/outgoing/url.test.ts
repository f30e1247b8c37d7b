import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTarget, redactUrl } from './url.ts';

test('a target is the URL without credentials and fragment', () => {
  const parsed = parseTarget('https://u:p%40ss@Example.COM:8443/a b?x=1#z');
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.target, {
    origin: 'https://example.com:8443',
    protocol: 'https:',
    hostname: 'example.com',
    port: 8443,
    path: '/a%20b?x=1',
    href: 'https://example.com:8443/a%20b?x=1',
    authorization: `Basic ${Buffer.from('u:p@ss').toString('base64')}`,
  });
});

test('addresses in disguise are seen for what they are', () => {
  for (const [url, hostname] of [
    ['http://2130706433/', '127.0.0.1'],
    ['http://0x7f000001/', '127.0.0.1'],
    ['http://0177.1/', '127.0.0.1'],
    ['http://127.1/', '127.0.0.1'],
    ['http://①②⑦.0.0.1/', '127.0.0.1'],
    ['http://[::FFFF:127.0.0.1]/', '::ffff:7f00:1'],
  ] as const) {
    const parsed = parseTarget(url);
    assert.equal(parsed.ok && parsed.target.hostname, hostname, url);
  }
});

test('credentials are taken out wherever a URL stands', () => {
  assert.equal(redactUrl('http://u:p@h/x'), 'http://h/x');
  assert.equal(redactUrl('see https://u@h and http:\\\\a:b@c.'), 'see https://h and http:\\\\c.');
  assert.equal(redactUrl('<Play>http://u:p@@h/a@b</Play>'), '<Play>http://h/a@b</Play>');
  assert.equal(redactUrl('mail a@b.c'), 'mail a@b.c');
});

test('property: a password never outlives redaction', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9._~-]{6,20}$/);
  fc.assert(
    fc.property(word, word, fc.webUrl(), (user, password, url) => {
      const withCredentials = url.replace('://', `://${user}Q:${password}Q@`);
      assert.ok(!redactUrl(`before ${withCredentials} after`).includes(`${password}Q@`));
    }),
  );
});

test('redaction takes linear time', () => {
  for (const text of ['a'.repeat(500_000), '://'.repeat(200_000), `://${'a'.repeat(500_000)}`, 'a:'.repeat(250_000)]) {
    const started = performance.now();
    redactUrl(text);
    assert.ok(performance.now() - started < 500);
  }
});
