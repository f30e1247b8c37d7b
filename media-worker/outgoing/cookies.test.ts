import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CookieJar } from './cookies.ts';

test('a session cookie comes back to its host and path only', () => {
  const jar = new CookieJar();
  jar.store('http://a.test/app/login', ['PHPSESSID=abc; path=/; HttpOnly', 'deep=1; Path=/app/x', 'here=2']);
  assert.equal(jar.header('http://a.test/'), 'PHPSESSID=abc');
  assert.equal(jar.header('http://a.test/app/x/y'), 'deep=1; here=2; PHPSESSID=abc');
  assert.equal(jar.header('http://a.test/application'), 'PHPSESSID=abc');
  assert.equal(jar.header('http://sub.a.test/'), undefined);
});

test('cookies are replaced, expire and are deleted', () => {
  let now = 1_000_000;
  const jar = new CookieJar(() => now);
  jar.store('http://a.test/', ['a=1', 'b=1; Max-Age=10', `c=1; Expires=${new Date(now + 5000).toUTCString()}`]);
  jar.store('http://a.test/', ['a=2']);
  assert.equal(jar.header('http://a.test/'), 'a=2; b=1; c=1');
  now += 6000;
  assert.equal(jar.header('http://a.test/'), 'a=2; b=1');
  jar.store('http://a.test/', ['a=; Max-Age=0']);
  now += 6000;
  assert.equal(jar.header('http://a.test/'), undefined);
});

test('Secure cookies are for https', () => {
  const jar = new CookieJar();
  jar.store('http://a.test/', ['plain=1; Secure']);
  jar.store('https://a.test/', ['tls=1; Secure']);
  assert.equal(jar.header('http://a.test/'), undefined);
  assert.equal(jar.header('https://a.test/'), 'tls=1');
});

test('the jar is bounded and takes nothing malformed', () => {
  const jar = new CookieJar();
  jar.store(
    'http://a.test/',
    Array.from({ length: 200 }, (_, index) => `c${index}=1`),
  );
  assert.equal(jar.header('http://a.test/')?.split('; ').length, 50);
  jar.store('http://b.test/', ['=x', 'noequals', `big=${'x'.repeat(5000)}`, 'bad=a\r\nb', 'ok=1']);
  assert.equal(jar.header('http://b.test/'), 'ok=1');
  for (let host = 0; host < 100; host += 1) jar.store(`http://h${host}.test/`, ['a=1']);
  assert.equal(jar.header('http://h99.test/'), undefined);
});
