import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallflowHealth } from '../../crds/stream.ts';
import { createManualClock } from '../kube/testing/manual-clock.ts';
import { WebhookHealth } from './webhook-health.ts';

const KEY = 'acme/support';
const TRACE = '0123456789abcdef0123456789abcdef';
const OBJECT = { status: undefined };

function setUp(traceUrl?: string) {
  const clock = createManualClock();
  const changes: string[] = [];
  const health = new WebhookHealth({ traceUrl: () => traceUrl, onChange: (key) => changes.push(key), clock });
  const report = (ok: number, failed: number): void => health.take([reportOf(ok, failed)]);
  const stated = () => health.of(KEY, OBJECT).condition;
  return { clock, changes, health, report, stated };
}

function reportOf(ok: number, failed: number): CallflowHealth {
  const failure = { time: '2026-01-01T00:00:00.500Z', code: 'PV-1201', message: 'refused', traceId: TRACE } as const;
  return { key: KEY, ok, failed, ...(failed === 0 ? {} : { failure }) };
}

test('before any call nobody knows; what the leader before has written stays', () => {
  const { health, stated } = setUp();
  assert.equal(`${stated().status} ${stated().reason}`, 'Unknown NoExchanges');
  const condition = {
    type: 'WebhookHealthy',
    status: 'False',
    reason: 'Failing',
    message: 'Exchanges fail',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const lastFailure = { time: '2026-01-01T00:00:00Z', code: 'PV-1201' };
  const before = health.of(KEY, { status: { conditions: [condition], lastFailure } });
  assert.equal(before.condition.reason, 'Failing');
  assert.deepEqual(before.lastFailure, lastFailure);
});

test('the first failure is stated at once, with its trace and where to see it', () => {
  const { health, changes, report, stated } = setUp('https://jaeger.example.com/trace/{traceId}');
  report(0, 1);
  assert.deepEqual(changes, [KEY]);
  assert.equal(`${stated().status} ${stated().reason}`, 'False Failing');
  assert.equal(stated().message, 'Exchanges fail: PV-1201 refused');
  assert.deepEqual(health.of(KEY, OBJECT).lastFailure, {
    time: '2026-01-01T00:00:00Z',
    code: 'PV-1201',
    message: 'refused',
    traceId: TRACE,
    link: `https://jaeger.example.com/trace/${TRACE}`,
  });
});

test('half of the last minute must fail; one failure among many is told as the last failure only', () => {
  const { clock, changes, report, stated, health } = setUp();
  report(9, 0);
  assert.equal(stated().status, 'True');
  clock.advance(5_000);
  report(0, 1);
  clock.advance(50_000);
  assert.deepEqual(changes, [KEY], 'nothing turns, so it waits');
  clock.advance(10_000);
  assert.equal(changes.length, 2);
  assert.equal(stated().status, 'True');
  assert.equal(health.of(KEY, OBJECT).lastFailure?.code, 'PV-1201');
});

test('it turns at most every ten seconds, however the web server behaves', () => {
  const { clock, changes, report } = setUp();
  for (let second = 0; second < 60; second++) {
    report(second % 2 === 0 ? 100 : 0, second % 2 === 0 ? 0 : 1000);
    clock.advance(1_000);
  }
  assert.ok(changes.length <= 7, `${changes.length} changes in a minute`);
});

test('what is old does not count: a server that answers again is healthy', () => {
  const { clock, report, stated } = setUp();
  report(0, 10);
  clock.advance(61_000);
  report(1, 0);
  assert.equal(stated().status, 'True');
});

test('nothing is left of a callflow that is gone, and no timer after the stop', () => {
  const { clock, health, report, stated } = setUp();
  report(0, 1);
  report(5, 0);
  health.forget(KEY);
  assert.equal(stated().reason, 'NoExchanges');
  report(0, 1);
  report(9, 0);
  health.stop();
  assert.equal(clock.timers, 0);
});
