import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readOperatorMessage } from '../../../crds/read-stream.ts';
import type { Route, RoutingTable } from '../../../crds/routing-table.ts';
import { diffSecrets, secretsDigest } from '../../../crds/secret-values.ts';
import { SHRINK_LIMITS } from '../../../crds/shrink-guard.ts';
import type { DeltaMessage } from '../../../crds/stream.ts';
import { diffTables } from '../../../crds/table-delta.ts';
import { tablePieces } from '../../../crds/table-pieces.ts';
import { type Outcome, Replica } from './replica.ts';
import { numbersTable, tableOf } from './testing/tables.ts';

const NO_SECRETS = new Map<string, string>();

function create(seed?: RoutingTable): Replica {
  const replica = new Replica(new WeakMap(), SHRINK_LIMITS);
  if (seed !== undefined) assert.equal(replica.seed(seed), undefined);
  return replica;
}

async function whole(
  replica: Replica,
  table: RoutingTable,
  secrets = NO_SECRETS,
  allowShrink = false,
): Promise<Outcome> {
  const pieces = [...tablePieces(table, new WeakMap())];
  const { version } = table;
  const digest = secretsDigest(secrets);
  let outcome = await replica.takeSnapshot({
    type: 'snapshot',
    serial: 1,
    version,
    secrets: digest,
    pieces: pieces.length,
    secretParts: 1,
    allowShrink,
  });
  for (const piece of pieces) outcome = await replica.takePiece(gzipSync(piece));
  assert.equal(outcome.kind, 'more');
  return replica.takeSecrets({ type: 'secrets', values: [...secrets] });
}

function change(from: RoutingTable, to: RoutingTable, before = NO_SECRETS, after = NO_SECRETS): DeltaMessage {
  const secrets = { from: secretsDigest(before), to: secretsDigest(after), ...diffSecrets(before, after) };
  return { type: 'delta', serial: 2, table: diffTables(from, to), secrets };
}

const reasonOf = (outcome: Outcome) => (outcome.kind === 'refuse' ? outcome.reply.reason : outcome.kind);

describe("the worker's copy of the table", () => {
  it('is a router, and secret values beside it', async () => {
    const replica = create();
    const outcome = await whole(replica, numbersTable(50), new Map([['acme/app/key', 'hush']]));
    assert.deepEqual(outcome, { kind: 'use', reply: { type: 'ack', serial: 1, version: numbersTable(50).version } });
    assert.equal(replica.router?.numberCount, 50);
    assert.equal(replica.secrets.get('acme/app/key'), 'hush');
  });

  it('follows changes of table and secret values', async () => {
    const replica = create();
    await whole(replica, numbersTable(50), new Map([['a', '1']]));
    const outcome = await replica.takeDelta(
      change(numbersTable(50), numbersTable(51), new Map([['a', '1']]), new Map([['a', '2']])),
    );
    assert.equal(outcome.kind, 'use');
    assert.equal(replica.router?.numberCount, 51);
    assert.equal(replica.secrets.get('a'), '2');
  });

  it('does not follow a change that starts elsewhere, or leads elsewhere than it says', async () => {
    const replica = create();
    await whole(replica, numbersTable(50));
    assert.equal(reasonOf(await replica.takeDelta(change(numbersTable(49), numbersTable(51)))), 'mismatch');
    assert.equal(
      reasonOf(await replica.takeDelta(change(numbersTable(50), numbersTable(51), new Map([['a', '1']])))),
      'mismatch',
    );
    const good = change(numbersTable(50), numbersTable(51));
    const bad = { ...good, table: { ...good.table, routes: { set: [], del: [] } } };
    assert.equal(reasonOf(await replica.takeDelta(bad)), 'mismatch');
    assert.equal(
      reasonOf(await replica.takeDelta({ ...good, secrets: { ...good.secrets, set: [['x', 'y']] } })),
      'mismatch',
    );
    assert.equal(replica.table?.version, numbersTable(50).version, 'it has stayed as it was');
    assert.equal(reasonOf(await replica.takeDelta(good)), 'use');
  });

  it('keeps what it has, and names all callflows whose patterns do not compile', async () => {
    const pattern = (callflow: Route['callflow'], text: string): Route => ({
      kind: 'pattern',
      account: 'acme',
      pattern: text,
      callflow,
    });
    const bad = tableOf([pattern('acme/a', '('), pattern('acme/b', '^1$'), pattern('acme/c', '[')]);
    const replica = create(numbersTable(3));
    const outcome = await whole(replica, bad);
    assert.ok(outcome.kind === 'refuse' && outcome.reply.reason === 'objects');
    assert.deepEqual(
      outcome.reply.objects.map((one) => one.key),
      ['acme/a', 'acme/c'],
    );
    assert.match(outcome.reply.message, /^acme\/a: the pattern \( does not compile/);
    assert.equal(replica.router?.numberCount, 3);
  });

  it('does not lose most numbers at once, unless that is meant', async () => {
    const replica = create(numbersTable(100));
    assert.equal(reasonOf(await whole(replica, numbersTable(10))), 'shrink');
    assert.equal(replica.router?.numberCount, 100);
    assert.equal(reasonOf(await whole(replica, numbersTable(10), NO_SECRETS, true)), 'use');
    assert.equal(replica.router?.numberCount, 10);
  });

  it('that came from disk is completed with secret values alone', async () => {
    const { version } = numbersTable(5);
    const header = {
      type: 'snapshot',
      serial: 1,
      version,
      secrets: secretsDigest(NO_SECRETS),
      pieces: 0,
      secretParts: 0,
      allowShrink: false,
    } as const;
    assert.equal(reasonOf(await create(numbersTable(5)).takeSnapshot(header)), 'use');
    assert.equal(reasonOf(await create(numbersTable(6)).takeSnapshot(header)), 'mismatch');
    assert.equal(reasonOf(await create().takeSnapshot(header)), 'mismatch');
  });

  it('takes nothing that is out of turn', async () => {
    const { version } = numbersTable(5);
    const header = {
      type: 'snapshot',
      serial: 1,
      version,
      secrets: secretsDigest(NO_SECRETS),
      pieces: 1,
      secretParts: 0,
      allowShrink: false,
    } as const;
    assert.equal(reasonOf(await create().takePiece(gzipSync('{}'))), 'broken');
    assert.equal(reasonOf(await create().takeSecrets({ type: 'secrets', values: [] })), 'broken');
    const replica = create();
    await replica.takeSnapshot(header);
    assert.equal(reasonOf(await replica.takeSnapshot(header)), 'broken');
    assert.equal(reasonOf(await replica.takeDelta(change(numbersTable(5), numbersTable(6)))), 'broken');
    assert.equal(reasonOf(await replica.takePiece(Buffer.from('not gzip'))), 'broken');
    replica.interrupted();
    await replica.takeSnapshot(header);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });
    assert.equal(reasonOf(await replica.takePiece(bomb)), 'broken');
  });

  it('is never without its numbers, whatever comes', async () => {
    const table = numbersTable(40);
    const valid = JSON.stringify(change(table, numbersTable(41)));
    const damaged = fc.tuple(fc.nat(60), fc.anything({ maxDepth: 2 })).map(([place, other]) => {
      let count = 0;
      return JSON.stringify(JSON.parse(valid), (_key, value: unknown) => (count++ === place ? other : value)) ?? '';
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damaged, { maxLength: 4 }), fc.uint8Array(), async (texts, bytes) => {
        const replica = create();
        await whole(replica, table);
        for (const text of texts) {
          const read = readOperatorMessage(text);
          if (read.ok && read.message?.type === 'delta') await replica.takeDelta(read.message);
        }
        await replica.takePiece(Buffer.from(bytes));
        assert.ok((replica.router?.numberCount ?? 0) >= 40);
      }),
      { numRuns: 200 },
    );
  });
});
