import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readResource } from './read-resource.ts';

const callflow = (fields: object): object => ({
  apiVersion: 'pivot.voice/v1alpha1',
  kind: 'PivotCallflow',
  metadata: { name: 'a' },
  spec: {},
  ...fields,
});

function codes(value: unknown): string[] {
  const result = readResource(value);
  return [...(result.ok ? [] : result.faults), ...result.warnings].map((one) => `${one.code} ${one.place?.pointer}`);
}

test('what kubectl and the API server add to a resource is no fault', () => {
  const metadata = {
    name: 'a',
    namespace: 'acme',
    creationTimestamp: null,
    uid: 'x',
    generation: 3,
    resourceVersion: '7',
    managedFields: [],
    finalizers: [],
  };
  assert.deepEqual(codes(callflow({ metadata, status: {} })), []);
});

test('every fault of a resource is reported, each with its place', () => {
  const bad = callflow({
    metadata: { namespace: 'A' },
    spec: { numbers: [1, 'x'], patterns: 'x', pivot: [], flow: null },
  });
  assert.deepEqual(codes(bad).sort(), [
    'PV-1003 /metadata',
    'PV-1004 /metadata/namespace',
    'PV-1004 /spec/flow',
    'PV-1004 /spec/numbers/0',
    'PV-1004 /spec/patterns',
    'PV-1004 /spec/pivot',
  ]);
});

test('values of a Secret are decoded, and stringData wins over data', () => {
  const result = readResource({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'app' },
    data: { token: 'czNj\ncmV0', both: 'b2xk' },
    stringData: { both: 'new' },
  });
  assert.ok(result.ok && result.resource.kind === 'Secret');
  assert.deepEqual(result.resource.data, { token: 's3cret', both: 'new' });
});

test('values of a Secret never stand in a fault', () => {
  const result = readResource({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'app' },
    data: { pin: 48215, a: 'hunter2!' },
    stringData: { b: 48215 },
  });
  assert.ok(!result.ok);
  assert.doesNotMatch(JSON.stringify(result), /48215|hunter2/);
});

test('property: any value is a resource or has faults', () => {
  const resource = fc.record(
    {
      apiVersion: fc.oneof(fc.constantFrom('v1', 'pivot.voice/v1alpha1'), fc.anything()),
      kind: fc.oneof(fc.constantFrom('Secret', 'PivotCallflow'), fc.anything()),
      metadata: fc.oneof(fc.constant({ name: 'a' }), fc.anything()),
      spec: fc.oneof(fc.dictionary(fc.constantFrom('numbers', 'pivot', 'flow', 'x'), fc.anything()), fc.anything()),
      data: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.anything()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(resource, fc.anything()), (value) => {
      const result = readResource(value);
      if (!result.ok) assert.ok(result.faults.length + result.warnings.length > 0);
    }),
    { numRuns: 500 },
  );
});
