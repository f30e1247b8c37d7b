import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ValidationMode } from './pivot-data.ts';
import { validateCallflow } from './validate.ts';

function warnings(flow: unknown, mode: ValidationMode = 'admission'): string[] {
  const result = validateCallflow(flow, { mode });
  assert.ok(result.ok, JSON.stringify(result));
  return result.warnings.map((one) => `${one.code} ${one.place?.pointer}`);
}

const END = { module: 'hangup' };

test('a child of an action after which nothing follows is pointed out', () => {
  assert.deepEqual(warnings({ module: 'hangup', children: { _: { module: 'noop' } } }), ['PV-1156 /children/_']);
  assert.deepEqual(warnings({ module: 'resources', children: { _: END, 'sip:486': END } }), ['PV-1156 /children/_']);
});

test('a child whose name the action never takes is pointed out', () => {
  assert.deepEqual(warnings({ module: 'answer', children: { '1': END } }), ['PV-1156 /children/1']);
  assert.deepEqual(warnings({ module: 'menu', children: { '1': END, timeout: END, nomatch: END } }), [
    'PV-1156 /children/nomatch',
  ]);
  assert.deepEqual(warnings({ module: 'acdc_wait_time', children: { '60': END, long: END } }), [
    'PV-1156 /children/long',
  ]);
  assert.deepEqual(warnings({ module: 'user', children: { USER_BUSY: END, busy: END, _: END } }), [
    'PV-1156 /children/busy',
  ]);
  assert.deepEqual(warnings({ module: 'branch_variable', data: { variable: 'x' }, children: { anything: END } }), []);
});

test('check_cid takes numbers in absolute mode only, match otherwise only', () => {
  const children = { match: END, '+14155550100': END, nomatch: END };
  assert.deepEqual(warnings({ module: 'check_cid', data: { use_absolute_mode: true }, children }), [
    'PV-1156 /children/match',
  ]);
  assert.deepEqual(warnings({ module: 'check_cid', children }), ['PV-1156 /children/+14155550100']);
});

test('a pivot without a failback is pointed out in a manifest, not in an answer', () => {
  const flow = { module: 'pivot', data: { voice_url: 'https://app.example.com/' } };
  assert.deepEqual(warnings(flow), ['PV-1157 ']);
  assert.deepEqual(warnings(flow, 'runtime'), []);
});

test('waiting before the call is answered is pointed out', () => {
  const sleep = { module: 'sleep', data: { duration: 1 } };
  assert.deepEqual(warnings(sleep), ['PV-1158 ']);
  assert.deepEqual(warnings({ module: 'answer', children: { _: sleep } }), []);
  assert.deepEqual(warnings(sleep, 'runtime'), []);
});

test('stopping a recording that nothing started is pointed out', () => {
  const stop = { module: 'record_call', data: { action: 'stop' } };
  assert.deepEqual(warnings(stop), ['PV-1159 /data']);
  assert.deepEqual(warnings({ module: 'record_call', data: { action: 'start' }, children: { _: stop } }), []);
});

test('a variable that does not exist is pointed out', () => {
  assert.deepEqual(warnings({ module: 'set_variable', data: { variable: 'colour', value: 'red' } }), ['PV-1159 /data']);
  assert.deepEqual(warnings({ module: 'set_variable', data: { variable: 'group_id', value: 'red' } }), []);
});
