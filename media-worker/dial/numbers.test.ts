import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allowingPrefix, dialledDigits, toE164, written } from './numbers.ts';

describe('numbers as people write them', () => {
  for (const [text, digits] of [
    ['415-123-4567', '4151234567'],
    ['+1 (415) 123-4567', '+14151234567'],
    ['tel +44 20 7183 8750', '+442071838750'],
    ['1', '1'],
    ['nobody', undefined],
    ['', undefined],
    ['1'.repeat(40), undefined],
  ] as const) {
    test(`${JSON.stringify(text)}: ${digits}`, () => assert.equal(dialledDigits(text), digits));
  }
});

describe('E.164', () => {
  for (const [number, countryCode, whole] of [
    ['+14151234567', undefined, '+14151234567'],
    ['4151234567', '1', '+14151234567'],
    ['14151234567', '1', '+14151234567'],
    ['011442071838750', '1', '+442071838750'],
    ['02071838750', '44', '+442071838750'],
    ['2071838750', '44', '+442071838750'],
    ['442071838750', '44', '+442071838750'],
    ['0033142685300', '44', '+33142685300'],
    // What cannot be told stays as it is.
    ['4151234567', undefined, '4151234567'],
    ['911', '1', '911'],
    ['2030', '1', '2030'],
  ] as const) {
    test(`${number} with country code ${countryCode}: ${whole}`, () =>
      assert.equal(toE164(number, countryCode), whole));
  }

  test('as carriers want it', () => {
    assert.equal(written('+14151234567', 'e164', '1'), '+14151234567');
    assert.equal(written('+14151234567', 'withoutPlus', '1'), '14151234567');
    assert.equal(written('+14151234567', 'national', '1'), '4151234567');
    assert.equal(written('+442071838750', 'national', '1'), '+442071838750');
    assert.equal(written('911', 'national', '1'), '911');
  });
});

test('the longest prefix allows; none at all allow everything, an empty list nothing', () => {
  assert.equal(allowingPrefix('+14151234567', ['+', '+1', '+1415']), '+1415');
  assert.equal(allowingPrefix('+442071838750', ['+1']), undefined);
  assert.equal(allowingPrefix('911', ['+']), undefined);
  assert.equal(allowingPrefix('911', undefined), '');
  assert.equal(allowingPrefix('+1', []), undefined);
});
