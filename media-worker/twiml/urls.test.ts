import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { resolvable, resolveUrl } from './urls.ts';

/** Every row of pivot-behaviour 5.12, with the result of RFC 3986 (T33). */
const ROWS = [
  ['http://h.com/a/b.php', 'c.php', 'http://h.com/a/c.php'],
  ['http://h.com/a/b.php', '/c.php', 'http://h.com/c.php'],
  ['http://h.com/a/b', 'c', 'http://h.com/a/c'],
  ['http://h.com/a/b/', 'c', 'http://h.com/a/b/c'],
  ['http://h.com/a/b', '/c', 'http://h.com/c'],
  ['http://h.com/a/b?x=1', 'c', 'http://h.com/a/c'],
  ['http://h.com', 'c.php', 'http://h.com/c.php'],
  ['http://h.com/a/b.php', '?x=1', 'http://h.com/a/b.php?x=1'],
  ['http://h.com/a/b.php', '', 'http://h.com/a/b.php'],
  ['http://h.com/a/d/b.php', '../../../../c', 'http://h.com/c'],
  ['http://h.com/a/b.php', '//o.com/c', 'http://o.com/c'],
  ['http://h.com/a/b.php', 'httpx/c', 'http://h.com/a/httpx/c'],
  ['http://h.com/a/b.php', 'HTTPS://o.com/c', 'https://o.com/c'],
  ['http://h.com/a/b.php', 'c/d.php?q=a/b', 'http://h.com/a/c/d.php?q=a/b'],
] as const;

suite('URLs in documents: RFC 3986 against the document’s (T33)', () => {
  for (const [base, reference, result] of ROWS) {
    test(`${base} + ${JSON.stringify(reference)}`, () => assert.equal(resolveUrl(base, reference), result));
  }

  test('the current document keeps its query and loses its fragment', () => {
    assert.equal(resolveUrl('https://h.com/a?x=1#part', undefined), 'https://h.com/a?x=1');
  });

  test('credentials of the document’s URL stay with its host and do not go to another', () => {
    assert.equal(resolveUrl('https://u:p@h.com/a', 'b'), 'https://u:p@h.com/b');
    assert.equal(resolveUrl('https://u:p@h.com/a', '//o.com/b'), 'https://o.com/b');
  });

  test('other schemes and broken URLs are none', () => {
    for (const text of [
      'mailto:a@b.c',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'shell_stream:///bin/ls',
      'http://',
      'http://[',
    ]) {
      assert.equal(resolvable(text), false, text);
    }
    assert.equal(resolvable(`/${'x'.repeat(9000)}`), false);
  });
});
