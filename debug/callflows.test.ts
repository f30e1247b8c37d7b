import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PivotCallflow } from '../crds/resources.ts';
import { viewOf } from './callflows.ts';

const KEY = { namespace: 'acme', name: 'support' };
const spec = (value: object): PivotCallflow['spec'] => ({ numbers: ['2030'], ...value }) as PivotCallflow['spec'];

test('a callflow is shown with whom it asks: the settings of `pivot`, or of the pivot action at the root of its flow', () => {
  const pivot = { voice_url: 'https://app.example.com/voice', method: 'post', req_format: 'twiml', debug: true };
  for (const value of [{ pivot }, { flow: { module: 'pivot', data: pivot } }]) {
    const view = viewOf(KEY, spec(value), []);
    assert.deepEqual(view.asks, { url: 'https://app.example.com/voice', method: 'post', format: 'twiml' });
    assert.deepEqual([view.account, view.name, view.numbers, view.debug], ['acme', 'support', ['2030'], true]);
  }
});

test('no credentials and no query of its URL are shown', () => {
  const { asks } = viewOf(
    KEY,
    spec({ pivot: { voice_url: 'https://ann:secret@app.example.com/voice?key=secret' } }),
    [],
  );
  assert.equal(asks?.url, 'https://app.example.com/voice?…');
});

test('a callflow that asks nobody at first says what it runs; one that could not be read shows nothing but its conditions', () => {
  assert.deepEqual(viewOf(KEY, spec({ flow: { module: 'play', data: {} } }), []).module, 'play');
  const condition = {
    type: 'Accepted',
    status: 'False',
    reason: 'InvalidCallflow',
    message: 'PV-1001',
    observedGeneration: 3,
  };
  assert.deepEqual(viewOf(KEY, undefined, [condition]), {
    ...{ account: 'acme', name: 'support', numbers: [], patterns: [], debug: false },
    conditions: [{ type: 'Accepted', status: 'False', reason: 'InvalidCallflow', message: 'PV-1001' }],
  });
});

test('a callflow tells of its last failure when its status does', () => {
  const failure = { time: '2026-11-21T12:00:00Z', code: 'PV-1222', message: 'answered 500', trace_id: 'a'.repeat(32) };
  assert.deepEqual(viewOf(KEY, spec({}), [], failure).last_failure, failure);
  assert.equal('last_failure' in viewOf(KEY, spec({}), []), false);
});
