import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { readResource } from '../read-resource.ts';
import { definitions } from './definitions.ts';
import { callflowEditorSchema, editorSchema } from './editor-schema.ts';
import type { ResourceField } from './field.ts';

function editor(kind: string): (value: unknown) => boolean {
  const ajv = new Ajv({ strict: false, validateFormats: false, schemas: { 'callflow.json': callflowEditorSchema() } });
  return ajv.compile(editorSchema(definitions.find((one) => one.kind === kind)!));
}

describe('the example of the documentation is valid', () => {
  for (const { kind, example } of definitions) {
    const value: unknown = parse(example);
    test(`${kind}, for the reader`, () => {
      const result = readResource(value);
      assert.deepEqual([...(result.ok ? [] : result.faults), ...result.warnings], []);
    });
    test(`${kind}, for editors`, () => assert.ok(editor(kind)(value)));
  }
});

test('an editor sees mistakes in the callflow within a resource', () => {
  const valid = editor('PivotCallflow');
  const callflow = (flow: object): object => ({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { name: 'a' },
    spec: { numbers: ['1'], flow },
  });
  assert.ok(valid(callflow({ module: 'tts', data: { text: 'hi' }, children: { _: { module: 'hangup' } } })));
  assert.ok(!valid(callflow({ module: 'tts', data: { text: 'hi' }, children: { _: { module: 'hangpu' } } })));
  assert.ok(
    !valid(
      callflow({ module: 'tts', data: { text: 'hi' }, children: { _: { module: 'sleep', data: { duration: [] } } } }),
    ),
  );
});

test('reading fills defaults in, and leaves the object as it was', () => {
  const value = {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotTrunk',
    metadata: { name: 'carrier' },
    spec: { servers: [{ host: 'sip.example.com' }] },
  };
  const before = structuredClone(value);
  const result = readResource(value);
  assert.ok(result.ok && result.resource.kind === 'PivotTrunk');
  assert.deepEqual(result.resource.spec.servers[0], {
    host: 'sip.example.com',
    transport: 'udp',
    priority: 10,
    weight: 10,
  });
  assert.deepEqual([result.resource.spec.failoverMs, result.resource.spec.enabled], [4000, true]);
  assert.deepEqual(value, before);
});

const BAD: readonly (readonly [kind: string, spec: object, ...faults: string[]])[] = [
  ['PivotMedia', {}, 'PivotMedia: give either "url" (a file) or "text" (to speak), exactly one of the two'],
  ['PivotMedia', { url: 'https://a.example/', voice: 'woman' }, 'PivotMedia: "voice" goes with "text"'],
  [
    'PivotMedia',
    { url: 'ftp://a.example/' },
    'PivotMedia: "spec.url" is refused, because "ftp://a.example/" does not begin with http:// or https://',
  ],
  [
    'PivotMedia',
    { text: 'a', langauge: 'en' },
    'PivotMedia: "spec.langauge" is not known and has no effect; did you mean "language"?',
  ],
  [
    'PivotDevice',
    {},
    'PivotDevice: a device has "credentials" (it registers), a "uri" (it is at a fixed address), or both',
  ],
  ['PivotTrunk', { servers: [] }, 'PivotTrunk: "spec.servers" must not be an empty list'],
  [
    'PivotTrunk',
    { servers: [{ host: 'a', prot: 1 }] },
    'PivotTrunk: "spec.servers[0].prot" is not known and has no effect; did you mean "port"?',
  ],
  [
    'PivotUser',
    { devices: ['a', 'a'] },
    'PivotUser: "spec.devices" must not hold the same entry twice (entries 1 and 0 are equal)',
  ],
  [
    'PivotFleet',
    { limits: { callsPerWorker: 0 } },
    'PivotFleet: "spec.limits.callsPerWorker" must be at least 1, not 0',
  ],
];

describe('what is wrong is said in plain words', () => {
  for (const [kind, spec, ...faults] of BAD) {
    test(`${kind} ${JSON.stringify(spec)}`, () => {
      const result = readResource({ apiVersion: 'pivot.voice/v1alpha1', kind, metadata: { name: 'a' }, spec });
      const messages = [...(result.ok ? [] : result.faults), ...result.warnings].map((one) => one.message);
      assert.deepEqual(messages, faults);
    });
  }
});

test('a PivotFleet belongs to no namespace', () => {
  const result = readResource({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotFleet',
    metadata: { name: 'default' },
    spec: {},
  });
  assert.ok(result.ok && result.resource.metadata.namespace === '');
});

describe('every field is described in a sentence', () => {
  const walk = (field: ResourceField, path: string): void => {
    test(path, () => assert.match(field.description, /^\S.*[.:]$|^`/s));
    for (const [name, one] of Object.entries(field.properties ?? {})) walk(one, `${path}.${name}`);
    if (field.items !== undefined) walk(field.items, `${path}[]`);
  };
  for (const { kind, spec, status } of definitions) {
    walk(spec, `${kind}.spec`);
    walk(status, `${kind}.status`);
  }
});
