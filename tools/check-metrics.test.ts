import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMetrics, productFiles } from './check-metrics.ts';

test('every metric is made of the catalogue, and all of the catalogue is made', () => {
  assert.deepEqual(checkMetrics(productFiles()), []);
});

test('an instrument that is made elsewhere is found', () => {
  const files = productFiles().set('media-worker/queue/new.ts', "meter.createObservableGauge('pivot.new')");
  assert.equal(checkMetrics(files).length, 1);
});

test('a metric that no code makes any more is found', () => {
  const files = productFiles();
  files.set('operator/controller/metrics.ts', '');
  assert.ok(checkMetrics(files).includes('pivot.operator.leader is in the catalogue, and no code makes it'));
});
