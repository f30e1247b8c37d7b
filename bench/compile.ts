/**
 * `npm run bench:compile`: what compiling costs, from nothing and after one edit, and beside it what merely writing the same table as JSON costs. Ten
 * numbers a callflow, a Secret and a sound for each. Each number is of one run on a shared machine: compare the ratios, not the milliseconds.
 */
import { performance } from 'node:perf_hooks';
import { readResource } from '../crds/read-resource.ts';
import type { Located } from '../crds/resources.ts';
import { compile } from '../operator/compile/compile.ts';
import type { CompileResult } from '../operator/compile/result.ts';
import { percentile } from './load.ts';

const SIZES = [1_000, 10_000, 100_000];
const NUMBERS_EACH = 10;
const EDITS = 30;
/** Callflows to a namespace. */
const NAMESPACE = 100;

for (const size of SIZES) measure(size);

function measure(size: number): void {
  const callflows = size / NUMBERS_EACH;
  const resources = Array.from({ length: callflows }, (_, index) => [
    callflow(index, 0),
    secret(index),
    media(index),
  ]).flat();
  const begun = performance.now();
  let result = compile(resources);
  const full = performance.now() - begun;
  print(size, 'full', full);
  const written = performance.now();
  const { length } = JSON.stringify(result.table);
  print(size, `JSON.stringify of the table (${(length / 1024 / 1024).toFixed(1)} MB)`, performance.now() - written);

  const edits: readonly (readonly [what: string, edit: (index: number, round: number) => void])[] = [
    ['a webhook changes', (index, round) => replace(index * 3, callflow(index, round))],
    ['a number moves', (index, round) => replace(index * 3, callflow(index, 0, round))],
    ['a Secret is rotated', (index, round) => replace(index * 3 + 1, secret(index, round))],
    ['a callflow comes', (_, round) => void resources.push(callflow(callflows + round, 0))],
    ['a callflow goes', () => void resources.pop()],
  ];
  for (const [what, edit] of edits) {
    const times: number[] = [];
    for (let round = 1; round <= EDITS; round++) {
      edit(Math.floor((callflows / (EDITS + 1)) * round), round);
      const previous: CompileResult = result;
      const from = performance.now();
      result = compile(resources, { previous });
      times.push(performance.now() - from);
    }
    times.sort((a, b) => a - b);
    print(size, `${what}: p50`, percentile(times, 0.5), `max ${times.at(-1)!.toFixed(1)} ms`);
  }

  function replace(index: number, located: Located): void {
    resources[index] = located;
  }
}

function print(size: number, what: string, ms: number, more = ''): void {
  console.log(`${String(size).padStart(7)} numbers  ${what.padEnd(44)} ${ms.toFixed(1).padStart(8)} ms  ${more}`);
}

function callflow(index: number, version: number, moved = 0): Located {
  const numbers = Array.from({ length: NUMBERS_EACH }, (_, at) =>
    numberAt(index * NUMBERS_EACH + at + (at === 0 ? moved * 1e9 : 0)),
  );
  return declare({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { ...metadata('flow', index), creationTimestamp: '2026-01-01T00:00:00Z', generation: version + 1 },
    spec: {
      numbers,
      pivot: {
        voice_url: `https://app.example.com/voice/${index}?version=${version}`,
        method: 'post',
        req_format: 'twiml',
        signing: { secretRef: { name: `secret-${index}`, key: 'hmac' } },
      },
      failback: { module: 'play', data: { id: `media-${index}` } },
    },
  });
}

function secret(index: number, version = 0): Located {
  return declare({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata('secret', index),
    stringData: { hmac: `value ${version}` },
  });
}

function media(index: number): Located {
  return declare({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotMedia',
    metadata: metadata('media', index),
    spec: { url: `https://media.example.com/${index}.wav` },
  });
}

function metadata(kind: string, index: number): { readonly name: string; readonly namespace: string } {
  return { name: `${kind}-${index}`, namespace: `account-${Math.floor(index / NAMESPACE)}` };
}

function numberAt(index: number): string {
  return `+1${String(4_000_000_000 + index)}`;
}

function declare(value: object): Located {
  const read = readResource(value);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return { resource: read.resource };
}
