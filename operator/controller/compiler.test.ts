import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Located, PivotCallflow } from '../../crds/resources.ts';
import type { CompileResult } from '../compile/result.ts';
import type { KubeError } from '../kube/kube-error.ts';
import { createManualClock, settle } from '../kube/testing/manual-clock.ts';
import { COMPILE_TIMING, Compiler } from './compiler.ts';

function setUp() {
  const clock = createManualClock();
  const results: CompileResult[] = [];
  const errors: KubeError[] = [];
  const state = {
    resources: (): readonly Located[] => [callflow('a', '100')],
    prepared: async (): Promise<void> => {},
  };
  const compiler = new Compiler({
    settings: () => ({}),
    resources: () => state.resources(),
    prepared: () => state.prepared(),
    onResult: (result) => results.push(result),
    onError: (error) => errors.push(error),
    clock,
  });
  return { clock, results, errors, state, compiler };
}

function callflow(name: string, number: string): Located<PivotCallflow> {
  return {
    resource: {
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotCallflow',
      metadata: { name, namespace: 'acme', generation: 1 },
      spec: { numbers: [number], flow: { module: 'hangup', data: {} } },
    } as PivotCallflow,
  };
}

test('nothing is compiled before everything is known; then at once', async () => {
  const { clock, results, compiler } = setUp();
  compiler.touch();
  clock.advance(10_000);
  await settle();
  assert.equal(compiler.latest, undefined);
  compiler.start();
  await settle();
  assert.equal(results.length, 1);
  assert.equal(compiler.latest, results[0]);
});

test('many changes in a short time are compiled once; a steady stream of them is not put off for ever', async () => {
  const { clock, results, compiler } = setUp();
  compiler.start();
  await settle();
  for (let change = 0; change < 3; change++) compiler.touch();
  clock.advance(COMPILE_TIMING.quietMs - 1);
  await settle();
  assert.equal(results.length, 1);
  clock.advance(1);
  await settle();
  assert.equal(results.length, 2);

  for (let ms = 0; ms < COMPILE_TIMING.capMs; ms += 10) {
    compiler.touch();
    clock.advance(10);
    await settle();
  }
  assert.equal(results.length, 3);
});

test('a change while it waits for values is in the result, one after that leads to another', async () => {
  const { clock, results, state, compiler } = setUp();
  const values = Promise.withResolvers<void>();
  state.prepared = () => values.promise;
  compiler.start();
  await settle();
  state.resources = () => [callflow('b', '200')];
  compiler.touch();
  values.resolve();
  await settle();
  assert.deepEqual(Object.keys(results[0]!.table.callflows), ['acme/b']);
  clock.advance(COMPILE_TIMING.capMs);
  await settle();
  assert.equal(results.length, 1);
});

test('a compile that throws leaves the last result in force, and the next change is compiled', async () => {
  const { clock, results, errors, state, compiler } = setUp();
  compiler.start();
  await settle();
  const good = state.resources;
  state.resources = () => {
    throw new Error('out of order');
  };
  compiler.touch();
  clock.advance(COMPILE_TIMING.quietMs);
  await settle();
  assert.equal(compiler.latest, results[0]);
  assert.deepEqual(
    errors.map(({ fault }) => `${fault.code} ${fault.message}`),
    ['PV-2016 compile: Error: out of order'],
  );
  state.resources = good;
  compiler.touch();
  clock.advance(COMPILE_TIMING.quietMs);
  await settle();
  assert.equal(results.length, 2);
  assert.deepEqual(compiler.figures, { compiles: 2, failures: 1, lastMs: 0 });
});

test('a stopped compiler says nothing more', async () => {
  const { clock, results, compiler } = setUp();
  compiler.start();
  await settle();
  compiler.touch();
  compiler.stop();
  compiler.touch();
  clock.advance(10_000);
  await settle();
  assert.equal(results.length, 1);
  assert.equal(clock.timers, 0);
});
