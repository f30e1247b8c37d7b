import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JoinedTraces, readTraceparent } from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('traceparent', () => {
  it('is read as the recommendation has it', () => {
    const known = { traceId: TRACE, spanId: SPAN, isRemote: true };
    assert.deepEqual(readTraceparent(`00-${TRACE}-${SPAN}-01`), { ...known, traceFlags: 1 });
    assert.deepEqual(readTraceparent(` 00-${TRACE}-${SPAN}-00 `), { ...known, traceFlags: 0 });
    assert.deepEqual(readTraceparent(`cc-${TRACE}-${SPAN}-09-what-the-future-brings`), { ...known, traceFlags: 1 });
  });

  for (const text of [
    undefined,
    '',
    'on',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-0x`,
  ]) {
    it(`is none: ${text}`, () => assert.equal(readTraceparent(text), undefined));
  }

  it('a trace is joined once, and remembered for a while', () => {
    const joined = new JoinedTraces();
    assert.equal(joined.join('a'), true);
    assert.equal(joined.join('a'), false);
    for (let count = 0; count < 10_000; count += 1) joined.join(String(count));
    assert.equal(joined.join('a'), true);
  });
});
