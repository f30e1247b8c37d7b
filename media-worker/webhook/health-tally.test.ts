import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { readWorkerMessage } from '../../crds/read-stream.ts';
import { STREAM_LIMITS } from '../../crds/stream.ts';
import { HealthTally } from './health-tally.ts';

const TRACE = '0123456789abcdef0123456789abcdef';
const NOW = Date.parse('2026-01-01T00:00:00.500Z');

test('exchanges are counted by callflow, the last failure is kept, and what is reported begins anew', () => {
  const tally = new HealthTally(() => NOW);
  tally.record('acme/a', TRACE, undefined);
  tally.record('acme/a', TRACE, fault(webhookCodes.dns, 'app.example.com could not be resolved'));
  tally.record('acme/a', TRACE, undefined);
  tally.record('acme/b', TRACE, undefined);
  const failure = {
    time: '2026-01-01T00:00:00.500Z',
    code: webhookCodes.dns.code,
    message: 'app.example.com could not be resolved',
    traceId: TRACE,
  };
  assert.deepEqual(tally.take(), [
    { key: 'acme/a', ok: 2, failed: 1, failure },
    { key: 'acme/b', ok: 1, failed: 0 },
  ]);
  assert.deepEqual(tally.take(), []);
});

test('a report fits into a message of the stream, whatever is reported, and the rest waits for the next', () => {
  const tally = new HealthTally(() => NOW);
  for (let index = 0; index < STREAM_LIMITS.health + 5; index++) {
    tally.record(`acme/flow-${index}`, TRACE, fault(webhookCodes.dns, '\u0001'.repeat(10_000)));
  }
  const callflows = tally.take();
  assert.equal(callflows.length, STREAM_LIMITS.health);
  const read = readWorkerMessage(JSON.stringify({ type: 'health', callflows }));
  assert.ok(read.ok, read.ok ? '' : read.fault.message);
  assert.deepEqual(read.message, { type: 'health', callflows });
  assert.equal(tally.take().length, 5);
});
