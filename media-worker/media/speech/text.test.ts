import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasWords, prepareText, splitText, toAscii } from './text.ts';

test('a long text is cut between two code points, with a warning', () => {
  const { text, warnings } = prepareText('é'.repeat(3000), 4001);
  assert.equal(text, 'é'.repeat(2000));
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['PV-1511'],
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.integer({ min: 1, max: 100 }), (raw, most) => {
      const result = prepareText(raw, most).text;
      assert.ok(Buffer.byteLength(result) <= most);
      assert.ok(result.isWellFormed());
      const clean = prepareText(raw, 1_000_000).text;
      assert.ok(clean.startsWith(result));
    }),
  );
});

test('white space and control characters become single spaces', () => {
  assert.equal(prepareText('  one\r\n\ttwo\u0000three  ', 100).text, 'one two three');
});

test('an English engine gets ASCII and says when something was left out', () => {
  assert.deepEqual(toAscii('It’s “déjà vu” – 5 €'), { text: 'It\'s "deja vu" - 5 euros', leftOut: false });
  assert.deepEqual(toAscii('hello 世界'), { text: 'hello', leftOut: true });
});

test('punctuation alone is nothing to say', () => {
  for (const text of ['', ' ', '...', '"!?"', '—']) assert.equal(hasWords(text), false, text);
  for (const text of ['a', '7', '世', '#', '5 %']) assert.equal(hasWords(text), true, text);
});

test('a text is taken apart at sentences, then clauses, then words', () => {
  assert.deepEqual(splitText('First one. Second one, which is longer. Third.', 24), [
    'First one.',
    'Second one,',
    'which is longer. Third.',
  ]);
  assert.deepEqual(splitText('123456789', 4), ['1234', '5678', '9']);
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 4, max: 50 }), (text, most) => {
      const pieces = splitText(text, most);
      assert.ok(pieces.every((piece) => piece.length <= most && piece !== ''));
      assert.equal(pieces.join('').replace(/\s/g, ''), text.replace(/\s/g, ''));
    }),
  );
});
