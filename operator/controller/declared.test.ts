import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PivotCallflow } from '../../crds/resources.ts';
import type { AnyObject } from '../kube/objects.ts';
import { type Declared, declare } from './declared.ts';
import { secretRefsOf } from './secret-refs.ts';

const SPEC = { numbers: ['100'], flow: { module: 'hangup', data: {} } };

function object(metadata: object = {}, rest: object = {}): AnyObject {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { name: 'a', namespace: 'acme', uid: 'u1', generation: 1, resourceVersion: '1', ...metadata },
    spec: SPEC,
    ...rest,
  };
}

const read = (value: AnyObject, before?: Declared<PivotCallflow>) => declare<PivotCallflow>(value, before);

test('a write of the status leaves the typed resource the same object, and the new status is known', () => {
  const first = read(object());
  const second = read(object({ resourceVersion: '2' }, { status: { observedGeneration: 1 } }), first);
  assert.equal(second.resource, first.resource);
  assert.equal(second.metadata.resourceVersion, '2');
  assert.deepEqual(second.status, { observedGeneration: 1 });
});

test('another generation, another object of the name, or an annotation of ours is read anew', () => {
  const first = read(object());
  for (const change of [{ generation: 2 }, { uid: 'u2' }, { annotations: { 'pivot.voice/realm': 'a.example.com' } }]) {
    assert.notEqual(read(object(change), first).resource, first.resource);
  }
  assert.equal(read(object({ annotations: { 'kubectl.kubernetes.io/x': '1' } }), first).resource, first.resource);
});

test('what cannot be read says why, and the last state that could be read stays', () => {
  const first = read(object());
  const broken = read(object({ generation: 2 }, { spec: { numbers: 'many' } }), first);
  assert.equal(broken.resource, first.resource);
  assert.match(broken.faults[0]!.code, /^PV-10\d\d$/);
  assert.equal(broken.faults[0]!.place?.pointer, '/spec/numbers');
  assert.equal(read(object({ uid: 'u2', generation: 2 }, { spec: { numbers: 'many' } }), first).resource, undefined);
});

test('references to Secrets are found wherever they stand, however deep', () => {
  let flow: object = { module: 'pivot', data: { signing: { secretRef: { name: 'app', key: 'hmac' } } } };
  for (let depth = 0; depth < 20_000; depth++) flow = { module: 'play', children: { _: flow } };
  const header = { name: 'X', valueFrom: { secretKeyRef: { name: 'app', key: 'token' } } };
  const refs = secretRefsOf({ flow, pivot: { custom_request_headers: [header], tls: { ca_secret_ref: 'no' } } });
  assert.deepEqual(refs.map(({ name, key }) => `${name}/${key}`).sort(), ['app/hmac', 'app/token']);
});
