import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RoutingTable } from '../crds/routing-table.ts';
import { watchManifests } from './manifests.ts';

const FLEET = `apiVersion: pivot.voice/v1alpha1
kind: PivotFleet
metadata: {name: default}
spec:
  defaultAccount: lobby
  baseDomain: voice.example.com
  limits: {callsPerWorker: 5}
`;
const CALLFLOW = `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: hello, namespace: lobby}
spec: {numbers: ["100", "+442079460000"], flow: {module: hangup}}
`;

/** The manifests of a folder, with every table that comes of them. */
async function start(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'pivot-manifests-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const printed: string[] = [];
  const line = (text: string): void => void printed.push(text);
  const source = await watchManifests([folder], { fault: line, note: line });
  t.after(() => source.close());
  let waiting: ((table: RoutingTable) => void) | undefined;
  const tables: RoutingTable[] = [];
  source.onTable((table) => {
    tables.push(table);
    waiting?.(table);
  });
  const next = (): Promise<RoutingTable> =>
    new Promise((resolve) => {
      waiting = resolve;
    });
  return { write, tables, next, printed };
}

test('a PivotFleet among the manifests says what it says in a cluster', async (t) => {
  const { tables } = await start(t, { 'fleet.yaml': FLEET, 'hello.yaml': CALLFLOW });
  const [{ defaultAccount, baseDomain, fleet }] = tables as [RoutingTable];
  assert.deepEqual([defaultAccount, baseDomain, fleet], ['lobby', 'voice.example.com', { callsPerWorker: 5 }]);
});

test('its number rights take effect as soon as they are saved', async (t) => {
  const { write, tables, next, printed } = await start(t, { 'fleet.yaml': FLEET, 'hello.yaml': CALLFLOW });
  assert.equal(tables[0]!.routes.length, 2);
  const changed = next();
  await write('fleet.yaml', `${FLEET}  numberRights: [{prefix: "+44", namespaces: [acme]}]\n`);
  const { routes } = await changed;
  assert.deepEqual(
    routes.map((route) => route.kind),
    ['extension'],
  );
  assert.ok(
    printed.some((line) => /hello\.yaml:4:25 PV-1024 \+442079460000/.test(line)),
    printed.join('\n'),
  );
});
