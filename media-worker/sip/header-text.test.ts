import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { headerText, quotedText } from './header-text.ts';

describe('a text from outside in a header', () => {
  it('begins no header of its own', () => {
    assert.equal(headerText('Busy\r\nX-Evil: 1'), 'Busy X-Evil: 1');
    assert.equal(quotedText('no "x"\r\n\\'), '"no \'x\'"');
  });

  it('is one line of at most 256 characters, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (text) => {
        const safe = headerText(text);
        assert.ok(safe.length <= 256 && !/\p{Cc}/u.test(safe) && safe.isWellFormed());
        assert.match(quotedText(text), /^"[^"\\]*"$/u);
      }),
    );
  });
});
