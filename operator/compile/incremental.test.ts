import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readResource } from '../../crds/read-resource.ts';
import type { Located } from '../../crds/resources.ts';
import { tableVersion } from '../../crds/table-hash.ts';
import { compile } from './compile.ts';
import { identityOf } from './declared.ts';
import type { CompileResult } from './result.ts';

/** Few names of everything, so that resources meet. */
const namespace = fc.constantFrom('acme', 'globex');
const name = fc.constantFrom('a', 'b');
const number = fc.constantFrom('+14155550100', '+442079460000', '1', 'no_match');
const realm = fc.constantFrom('sip.example.com', 'voice.example.com');
const time = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-02T00:00:01Z');
const url = fc.constantFrom('https://a.example/', 'https://b.example/', 'http://localhost/');
const secretRef = fc.record({ name, key: fc.constantFrom('one', 'two') });

const action = fc.oneof(
  name.map((id) => ({ module: 'play', data: { id } })),
  name.map((id) => ({ module: 'callflow', data: { id } })),
  name.map((id) => ({ module: 'user', data: { id } })),
  fc.record({ id: name, endpoint_type: fc.constantFrom('device', 'user', 'group') }).map((endpoint) => ({
    module: 'ring_group',
    data: { endpoints: [endpoint] },
  })),
  // Not valid: the last good state stays in use.
  fc.constant({ module: 'nothing' }),
);

const pivot = fc
  .record({ voice_url: url, signing: fc.option(secretRef, { nil: undefined }) })
  .map(({ voice_url, signing }) => ({
    voice_url,
    ...(signing === undefined ? {} : { signing: { secretRef: signing } }),
  }));

const callflowSpec = fc
  .tuple(
    fc.uniqueArray(number, { maxLength: 3 }),
    fc.oneof(
      pivot.map((one) => ({ pivot: one })),
      action.map((flow) => ({ flow })),
    ),
  )
  .map(([numbers, rest]) => ({ numbers, ...rest }));

const credentials = fc
  .record({ username: fc.constantFrom('ann', 'bob'), passwordSecretRef: secretRef })
  .map((one) => ({ credentials: one }));

const specs: readonly (readonly [kind: string, spec: fc.Arbitrary<object>])[] = [
  ['PivotCallflow', callflowSpec],
  ['PivotMedia', url.map((one) => ({ url: one }))],
  ['PivotUser', fc.uniqueArray(name, { maxLength: 2 }).map((devices) => ({ devices }))],
  ['PivotDevice', fc.tuple(credentials, fc.boolean()).map(([one, enabled]) => ({ ...one, enabled }))],
  ['PivotTrunk', credentials.map((one) => ({ servers: [{ host: 'sip.example.com' }], ...one }))],
];

const pivotResource = fc
  .oneof(fc.constant(specs[0]!), fc.constantFrom(...specs))
  .chain(([kind, spec]) =>
    fc.record({ kind: fc.constant(kind), spec, namespace, name, time, realm: fc.option(realm, { nil: undefined }) }),
  )
  .map(({ kind, spec, namespace, name, time, realm }) => ({
    apiVersion: 'pivot.voice/v1alpha1',
    kind,
    metadata: {
      name,
      namespace,
      creationTimestamp: time,
      ...(realm === undefined ? {} : { annotations: { 'pivot.voice/realm': realm } }),
    },
    spec,
  }));

const secret = fc
  .record({ namespace, name, data: fc.dictionary(fc.constantFrom('one', 'two'), fc.constantFrom('x', 'y')) })
  .map(({ namespace, name, data }) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: data,
  }));

const fleet = fc
  .record({
    name: fc.constantFrom('default', 'other'),
    prefix: fc.constantFrom('+1', '+1415', '+'),
    namespaces: fc.uniqueArray(namespace, { maxLength: 1 }),
    defaultAccount: namespace,
  })
  .map(({ name, prefix, namespaces, defaultAccount }) => ({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotFleet',
    metadata: { name },
    spec: { defaultAccount, numberRights: [{ prefix, namespaces }], limits: { callsPerWorker: 10 } },
  }));

const located = fc
  .oneof({ weight: 6, arbitrary: pivotResource }, { weight: 2, arbitrary: secret }, { weight: 1, arbitrary: fleet })
  .map((value): Located | undefined => {
    const read = readResource(value);
    return read.ok ? { resource: read.resource } : undefined;
  });

/** Puts a resource in the place of the one with its name, or at the end; or removes the one with its name. */
const edit = fc.record({ located, remove: fc.boolean() });

function applyEdit(
  all: readonly Located[],
  { located: one, remove }: { located: Located | undefined; remove: boolean },
) {
  if (one === undefined) return all;
  const identity = identityOf(one.resource);
  const others = all.filter(({ resource }) => identityOf(resource) !== identity);
  return remove ? others : [...others, one];
}

/** Everything is weighed and checked anew; only last good states remain. */
function withoutShortcuts({ state }: CompileResult): Pick<CompileResult, 'state'> {
  return { state: { ...state, rules: { allowLoopbackUrls: true, numberRights: [] } } };
}

/** As it can be compared: what is found by key, by key. */
function plain({ table, secrets, statuses, conditions, faults }: CompileResult): object {
  const all = (one: Iterable<[string, unknown]>) => Object.fromEntries(one);
  return { table, secrets: all(secrets), statuses: all(statuses), conditions: all(conditions), faults };
}

test('property: after whatever edits an incremental compile is equal to one from scratch', () => {
  fc.assert(
    fc.property(fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 20 }), (steps) => {
      let resources: readonly Located[] = [];
      let quick: CompileResult | undefined;
      let slow: CompileResult | undefined;
      for (const edits of steps) {
        resources = edits.reduce<readonly Located[]>(applyEdit, resources);
        quick = compile(resources, quick === undefined ? {} : { previous: quick });
        slow = compile(resources, slow === undefined ? {} : { previous: withoutShortcuts(slow) });
        assert.deepEqual(plain(quick), plain(slow));
        assert.deepEqual(Object.keys(quick.table.callflows), Object.keys(slow.table.callflows));
        const { version, ...content } = quick.table;
        assert.equal(version, tableVersion(content));
      }
    }),
    { numRuns: 500 },
  );
});
