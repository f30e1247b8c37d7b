import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePattern } from './patterns.ts';

describe('a pattern', () => {
  const cases: readonly [pattern: string, number: string, candidate: string | undefined][] = [
    ['^\\+1[0-9]{10}$', '+14155550100', '+14155550100'],
    ['^9([0-9]+)$', '95550100', '5550100'],
    ['^(\\*9)([0-9]{4})$', '*91234', '1234'],
    ['^(1)|(22)$', '1', '1'],
    ['^(a)?x$', 'x', ''],
    ['^9([0-9]+)$', '15550100', undefined],
    ['20', '12034', '20'],
  ];
  for (const [pattern, number, candidate] of cases) {
    it(`${pattern} on ${number} captures ${JSON.stringify(candidate)}`, () => {
      assert.equal(compilePattern(pattern).match(number)?.candidate, candidate);
    });
  }

  it('gives its named groups', () => {
    const match = compilePattern('^(?P<prefix>\\*9)(?P<mailbox>[0-9]+)$').match('*9100');
    assert.deepEqual(match, { candidate: '100', namedGroups: { prefix: '*9', mailbox: '100' } });
  });

  it('that RE2 does not know is refused when it is compiled', () => {
    for (const pattern of ['(', '(?=x)', '\\1(a)']) assert.throws(() => compilePattern(pattern));
  });

  it('takes linear time, however hostile it is and whatever is dialled', () => {
    const patterns = ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '(.*)*b', '^(([a-z])+.)+[A-Z]([a-z])+$'].map(compilePattern);
    const short = time(() => patterns.map((pattern) => pattern.match(`${'a'.repeat(200)}!`)));
    const long = time(() => patterns.map((pattern) => pattern.match(`${'a'.repeat(2000)}!`)));
    assert.ok(long < 500, `${long} ms`);
    // Ten times the length; a backtracking engine would not come back at all.
    assert.ok(long < 100 * Math.max(short, 1), `${short} and ${long} ms`);
  });
});

function time(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}
