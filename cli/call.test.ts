import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { badEnding } from './call.ts';

describe('a call that was answered ended', () => {
  const normal: readonly [by: 'remote' | 'local', reasonHeader?: string][] = [
    ['local'],
    ['local', 'Q.850;cause=41'],
    ['remote'],
    ['remote', 'Q.850;cause=16;text="NORMAL_CLEARING"'],
    ['remote', 'Q.850 ;cause=31'],
    ['remote', 'SIP;cause=480;text="Away"'],
  ];
  for (const [by, reasonHeader] of normal) {
    it(`normally: ${by} ${reasonHeader ?? 'without a reason'}`, () => {
      assert.equal(badEnding({ by, ...(reasonHeader === undefined ? {} : { reasonHeader }) }), undefined);
    });
  }

  for (const reasonHeader of ['Q.850;cause=41;text="NORMAL_TEMPORARY_FAILURE"', 'SIP;cause=503, q.850; cause=38']) {
    it(`badly: ${reasonHeader}`, () => {
      assert.match(badEnding({ by: 'remote', reasonHeader }) ?? '', /hung up with/);
    });
  }

  it('badly when the far end stopped answering', () => assert.match(badEnding({ by: 'timeout' }) ?? '', /stopped/));
});
