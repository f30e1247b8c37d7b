import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createG711 } from './g711.ts';

const g711 = createG711();

test('the values of ITU-T G.711', () => {
  assert.equal(g711.PCMU.silence, 0xff);
  assert.equal(g711.PCMA.silence, 0xd5);
  assert.equal(g711.PCMU.decode[0x00], -32124);
  assert.equal(g711.PCMU.decode[0x80], 32124);
  assert.equal(g711.PCMA.decode[0x2a], -32256);
  assert.equal(g711.PCMA.decode[0xaa], 32256);
});

for (const law of ['PCMU', 'PCMA'] as const) {
  const { encode, decode } = g711[law];

  test(`${law}: every code comes back from its sample`, () => {
    for (let code = 0; code < 256; code++) {
      // µ-law has two zeros.
      if (law === 'PCMU' && code === 0x7f) continue;
      assert.equal(encode[decode[code]! & 0xffff], code);
    }
  });

  test(`${law}: a sample loses less than 4 % of its value`, () => {
    for (let sample = -32000; sample <= 32000; sample += 7) {
      const back = decode[encode[sample & 0xffff]!]!;
      assert.ok(Math.abs(back - sample) <= Math.max(16, Math.abs(sample) * 0.04), `${sample} became ${back}`);
    }
  });
}
