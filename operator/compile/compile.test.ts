import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { formatFault } from '../../crds/errors/fault.ts';
import { diffSecrets } from '../../crds/secret-values.ts';
import { diffTables } from '../../crds/table-delta.ts';
import { parseManifest } from '../sources/manifest.ts';
import { type CompileOptions, compile } from './compile.ts';
import type { CompileResult, Condition } from './result.ts';

/**
 * Each rule is a pair of files: `NAME.in.yaml`, resources, and `NAME.out.yaml`, what they compile to. `NAME.before.yaml` is compiled first
 * where a rule is about a change; then the output ends with what is sent to workers. A first line `# options: {…}` gives options. `UPDATE_GOLDEN=1` writes the outputs anew.
 */
const FOLDER = new URL('testdata/', import.meta.url);

function compileFile(name: string, previous?: CompileResult): CompileResult {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  const options = /^# options: (.*)$/m.exec(text)?.[1];
  const { resources, faults } = parseManifest(text, name);
  const chosen: CompileOptions = {
    ...(options === undefined ? {} : JSON.parse(options)),
    ...(previous === undefined ? {} : { previous }),
  };
  const result = compile(resources, chosen);
  return { ...result, faults: [...faults, ...result.faults] };
}

function present(
  { table, secrets, statuses, conditions: others, faults }: CompileResult,
  before?: CompileResult,
): string {
  const show = (one: Condition): string => `${one.type}=${one.status} ${one.reason}: ${one.message}`;
  const conditions = sorted(statuses).map(([key, status]) => [
    key,
    {
      conditions: status.conditions.map(show),
      numbers: status.numbers,
      ...(status.conflicts.length === 0 ? {} : { conflicts: status.conflicts }),
    },
  ]);
  return stringify(
    {
      table: { ...table, version: 'any' },
      secrets: [...secrets.keys()].sort(),
      statuses: Object.fromEntries(conditions),
      ...(others.size === 0
        ? {}
        : { conditions: Object.fromEntries(sorted(others).map(([name, all]) => [name, all.map(show)])) }),
      faults: faults.map((one) => `${one.severity} ${formatFault(one)}`),
      ...(before === undefined ? {} : { delta: presentDelta(before, { table, secrets }) }),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

/** Callflows by name only: the table has them whole. */
function presentDelta(before: CompileResult, now: Pick<CompileResult, 'table' | 'secrets'>): object {
  const { from, to, callflows, ...rest } = diffTables(before.table, now.table);
  const secrets = diffSecrets(before.secrets, now.secrets);
  return {
    version: from === to ? 'the same' : 'another',
    ...rest,
    callflows: { set: callflows.set.map(({ key }) => key), del: callflows.del },
    secrets: { set: secrets.set.map(([name]) => name), del: secrets.del },
  };
}

function sorted<V>(found: Iterable<[string, V]>): [string, V][] {
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.in.yaml'))) {
  const name = file.slice(0, -'.in.yaml'.length);
  test(`rule: ${name.replaceAll('-', ' ')}`, () => {
    const before = existsSync(new URL(`${name}.before.yaml`, FOLDER)) ? compileFile(`${name}.before.yaml`) : undefined;
    const output = present(compileFile(file, before), before);
    const golden = new URL(`${name}.out.yaml`, FOLDER);
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, output);
    assert.equal(output, readFileSync(golden, 'utf8'));
  });
}

const TWO = `
apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: a, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {numbers: ["1", "+14155550100"], pivot: {voice_url: "https://a.example/"}}
---
apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: b, creationTimestamp: "2026-01-02T00:00:00Z"}
spec: {numbers: ["2", "+14155550100"], pivot: {voice_url: "https://b.example/"}}
`;

test('the order of the resources does not change the table, and any content does', () => {
  const { resources } = parseManifest(TWO);
  const table = compile(resources).table;
  assert.match(table.version, /^[0-9a-f]{16}$/);
  assert.deepEqual(compile([...resources].reverse()).table, table);
  assert.notEqual(compile(resources.slice(1)).table.version, table.version);
  assert.notEqual(compile(resources, { defaultAccount: 'acme' }).table.version, table.version);
});

test('a number goes to the loser at once when the winner is gone', () => {
  const { resources } = parseManifest(TWO);
  const both = compile(resources);
  const after = compile(resources.slice(1), { previous: both });
  const owner = (result: CompileResult): string | undefined =>
    result.table.routes.find((route) => route.kind === 'e164' && route.number === '+14155550100')?.callflow;
  assert.deepEqual([owner(both), owner(after)], ['default/a', 'default/b']);
});

test('a resource that is the same object is checked once', () => {
  const { resources } = parseManifest(TWO);
  const first = compile(resources);
  const second = compile(resources, { previous: first });
  assert.equal(first.table.callflows['default/a']?.flow, second.table.callflows['default/a']?.flow);
});

test('no secret value is in the table, in a status or in a fault', () => {
  const text = `
apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: a}
spec:
  numbers: ["1"]
  pivot:
    voice_url: https://a.example/
    custom_request_headers: [{name: X-Api-Key, valueFrom: {secretKeyRef: {name: app, key: token}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: app}
stringData: {token: s3cr3t-value, other: unused}
`;
  // The state is nobody's business but the next compile's.
  const { secrets, state: _, ...rest } = compile(parseManifest(text).resources);
  assert.deepEqual([...secrets], [['default/app/token', 's3cr3t-value']]);
  const { statuses, conditions } = rest;
  assert.doesNotMatch(JSON.stringify({ ...rest, statuses: [...statuses], conditions: [...conditions] }), /s3cr3t/);
});
