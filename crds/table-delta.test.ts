import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from './routing-table.ts';
import { refuseShrinking, SHRINK_LIMITS } from './shrink-guard.ts';
import { applyDelta, diffTables, mergeDeltas, type TableDelta } from './table-delta.ts';
import { finish, hashTable, tableVersion } from './table-hash.ts';
import { TableAssembly, tablePieces } from './table-pieces.ts';
import { compareRoutes } from './table-version.ts';

function makeTable(routes: readonly Route[], callflows: readonly CompiledCallflow[], more: object = {}): RoutingTable {
  const sorted = [...routes].sort(compareRoutes);
  const content = {
    defaultAccount: 'default',
    realms: {},
    ...more,
    routes: sorted.filter((route, index) => index === 0 || compareRoutes(sorted[index - 1]!, route) !== 0),
    callflows: Object.fromEntries(callflows.map((one) => [one.key, one])),
  };
  // As it is after a journey: fast-check makes objects without prototype, and -0.
  const plain = JSON.parse(JSON.stringify(content)) as typeof content;
  return { version: tableVersion(plain), ...plain };
}

const name = fc.constantFrom('a', 'b', '10', '9', '__proto__', 'constructor', 'ü');
const key = fc.tuple(name, name).map(([account, one]): ResourceKey => `${account}/${one}`);
const number = fc.constantFrom('1', '2', '30', '+15550100', '+15550101', 'é"\\');
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.record({ kind: fc.constant('e164' as const), number, callflow: key }),
  fc.record({ kind: fc.constant('extension' as const), account: name, number, callflow: key }),
  fc.record({ kind: fc.constant('pattern' as const), account: name, pattern: number, callflow: key }),
  fc.record({ kind: fc.constant('no_match' as const), account: name, callflow: key }),
);
const flow = fc.record({
  module: name,
  data: fc.dictionary(name, fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<null>),
});
const callflow: fc.Arbitrary<CompiledCallflow> = fc
  .record({ key, generation: fc.nat(3), flow, label: fc.option(name, { nil: undefined }) })
  .map(({ label, ...one }) => {
    const [account = '', itsName = ''] = one.key.split('/');
    return { account, name: itsName, ...one, ...(label === undefined ? {} : { label }) };
  });
const entries = fc.array(fc.tuple(key, fc.dictionary(name, fc.nat(2))), { maxLength: 4 });
/** A record without entries is absent. */
const records = fc
  .record({ media: entries, devices: entries })
  .map((all) =>
    Object.fromEntries(
      Object.entries(all).flatMap(([record, some]) => (some.length === 0 ? [] : [[record, Object.fromEntries(some)]])),
    ),
  );
const table = fc
  .tuple(
    fc.array(route),
    fc.array(callflow),
    fc.record({ realms: fc.dictionary(name, name), baseDomain: name }),
    records,
  )
  .map(([routes, callflows, more, rest]) => makeTable(routes, callflows, { ...more, ...rest }));

function apply(from: RoutingTable, delta: TableDelta): RoutingTable {
  const applied = applyDelta(from, delta);
  assert.ok(applied.ok, applied.ok ? '' : applied.fault.message);
  return applied.table;
}

describe('the difference of two tables', () => {
  it('applied to the first gives the second', () => {
    fc.assert(
      fc.property(table, table, (a, b) => {
        const overTheWire = JSON.parse(JSON.stringify(diffTables(a, b))) as TableDelta;
        const result = apply(a, overTheWire);
        assert.deepEqual(result, b);
        assert.equal(tableVersion({ ...result, version: undefined } as unknown as RoutingTable), b.version);
      }),
      { numRuns: 200 },
    );
  });

  it('of several steps merges into one', () => {
    fc.assert(
      fc.property(fc.array(table, { minLength: 2, maxLength: 5 }), (tables) => {
        const steps = tables.slice(1).map((one, index) => diffTables(tables[index]!, one));
        assert.deepEqual(apply(tables[0]!, mergeDeltas(steps)), tables.at(-1)!);
      }),
      { numRuns: 100 },
    );
  });

  it('of equal tables is empty', () => {
    fc.assert(
      fc.property(table, (one) => {
        const { settings, records: others, callflows, routes } = diffTables(one, structuredClone(one));
        assert.deepEqual(
          { settings, others, callflows, routes },
          { settings: undefined, others: undefined, callflows: { set: [], del: [] }, routes: { set: [], del: [] } },
        );
      }),
      { numRuns: 50 },
    );
  });

  it('does not apply to another table, and not if it was damaged on the way', () => {
    const a = makeTable([{ kind: 'e164', number: '+15550100', callflow: 'a/b' }], []);
    const b = makeTable([{ kind: 'e164', number: '+15550101', callflow: 'a/b' }], []);
    const delta = diffTables(a, b);
    const elsewhere = applyDelta(b, delta);
    assert.ok(!elsewhere.ok && elsewhere.fault.code === 'PV-2105');
    const damaged = applyDelta(a, { ...delta, routes: { set: delta.routes.set, del: [] } });
    assert.ok(!damaged.ok && damaged.fault.code === 'PV-2105');
  });
});

describe('the hash in steps', () => {
  it('is the version of the table', () => {
    const cache = new WeakMap();
    fc.assert(
      fc.property(table, (one) => assert.equal(finish(hashTable(one, cache)), one.version)),
      { numRuns: 200 },
    );
  });

  it('counts members of later versions', () => {
    const later = makeTable(
      [{ kind: 'e164', number: '+1555', callflow: 'a/b', weight: 3 } as unknown as Route],
      [
        {
          key: 'a/b',
          account: 'a',
          name: 'b',
          generation: 1,
          flow: { module: 'x', data: {} },
          limit: 3,
        } as CompiledCallflow,
      ],
      {
        zone: 'eu',
      },
    );
    assert.equal(finish(hashTable(later, new WeakMap())), later.version);
  });
});

describe('pieces', () => {
  const assemble = (pieces: readonly string[], version: string) => {
    const assembly = new TableAssembly(new WeakMap());
    for (const piece of pieces) assert.equal(assembly.add(piece), undefined);
    return finish(assembly.finish(version));
  };

  it('put together give the table', () => {
    fc.assert(
      fc.property(
        table.filter((one) => one.routes.every((each) => each.kind !== 'pattern' || each.pattern !== '')),
        (one) => {
          const whole = assemble([...tablePieces(one, new WeakMap())], one.version);
          assert.deepEqual('table' in whole ? whole.table : whole.fault, one);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('of a large table are many, and one that is missing is noticed', () => {
    const routes = Array.from(
      { length: 10_000 },
      (_, index): Route => ({ kind: 'extension', account: 'a', number: String(index), callflow: 'a/b' }),
    );
    const large = makeTable(routes, []);
    const pieces = [...tablePieces(large, new WeakMap())];
    assert.ok(pieces.length > 3 && pieces.every((piece) => piece.length < 140_000));
    assert.ok('table' in assemble(pieces, large.version));
    const cut = assemble(pieces.slice(0, -1), large.version);
    assert.ok('fault' in cut && cut.fault.code === 'PV-2105');
  });
});

describe('the guard against shrinking', () => {
  const numbers = (from: number, to: number, callflow: ResourceKey = 'a/b') =>
    makeTable(
      Array.from({ length: to - from }, (_, index): Route => ({ kind: 'e164', number: `+1${from + index}`, callflow })),
      [],
    );
  const refused = (from: RoutingTable, to: RoutingTable) => refuseShrinking(from, to, SHRINK_LIMITS)?.message;

  it('refuses a table without most of the numbers', () => {
    assert.match(
      refused(numbers(100, 200), numbers(100, 149)) ?? '',
      /would drop 51 of 100 numbers at once, more than 50 %/,
    );
    assert.match(refused(numbers(100, 200), numbers(200, 300)) ?? '', /would drop 100 of 100/);
  });

  it('lets half of them go, and all that are few', () => {
    assert.equal(refused(numbers(100, 200), numbers(100, 150)), undefined);
    assert.equal(refused(numbers(100, 120), numbers(0, 0)), undefined);
  });

  it('does not mind numbers that move to another callflow', () => {
    assert.equal(refused(numbers(100, 200), numbers(100, 200, 'a/a')), undefined);
    assert.equal(refused(numbers(100, 200), numbers(100, 200, 'z/z')), undefined);
  });
});
