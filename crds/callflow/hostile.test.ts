import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CALLFLOW_LIMITS } from './limits.ts';
import { parseCallflowJson } from './parse.ts';
import { moduleNames } from './schemas.ts';
import { validateCallflow } from './validate.ts';

/** A chain of `depth` actions, the last of which is `last`. */
function chain(depth: number, last: unknown = { module: 'hangup' }): unknown {
  let flow = last;
  for (let index = 1; index < depth; index++) flow = { module: 'noop', children: { _: flow } };
  return flow;
}

function codes(value: unknown): string[] {
  const result = validateCallflow(value);
  return result.ok ? [] : result.faults.map((one) => one.code);
}

/** Runs with a limit that a hang exceeds by far and a slow machine does not. */
function within<T>(milliseconds: number, run: () => T): T {
  const start = performance.now();
  const result = run();
  assert.ok(performance.now() - start < milliseconds, `took ${performance.now() - start} ms`);
  return result;
}

test('100 actions may follow one another, 101 may not', () => {
  assert.deepEqual(codes(chain(CALLFLOW_LIMITS.depth)), []);
  assert.deepEqual(codes(chain(CALLFLOW_LIMITS.depth + 1)), ['PV-1112']);
});

test('1,000 actions are accepted, 1,001 are not', () => {
  const wide = (count: number): unknown => ({
    module: 'menu',
    children: Object.fromEntries(Array.from({ length: count - 1 }, (_, index) => [String(index), { module: 'noop' }])),
  });
  assert.deepEqual(codes(wide(CALLFLOW_LIMITS.nodes)), []);
  assert.deepEqual(codes(wide(CALLFLOW_LIMITS.nodes + 1)), ['PV-1113']);
});

test('depth 10,000 is one fault, as a value and as text, and data may not nest deeply either', () => {
  assert.deepEqual(codes(chain(10_000)), ['PV-1112']);
  const text = '{"module":"noop","children":{"_":'.repeat(5_000);
  const result = within(2_000, () => parseCallflowJson(text));
  assert.ok(!result.ok);
  assert.equal(result.faults[0]?.code, 'PV-1101');
  let nested: unknown = 1;
  for (let index = 0; index < 10_000; index++) nested = [nested];
  assert.deepEqual(codes({ module: 'edr', data: { nested } }), ['PV-1112']);
});

test('more than 256 KiB are refused before they are read', () => {
  assert.deepEqual(codes({ module: 'edr', data: { text: 'x'.repeat(300_000) } }), ['PV-1114']);
  const result = parseCallflowJson(`{"module":"edr","data":{"text":"${'x'.repeat(10_000_000)}"}}`);
  assert.equal(!result.ok && result.faults[0]?.code, 'PV-1114');
  assert.deepEqual(codes({ module: 'edr', data: { list: new Array(1e9) } }), ['PV-1114']);
});

test('a list of wrong entries as long as the size allows is reported in part, and soon', () => {
  const terminators = Array.from({ length: 60_000 }, () => []);
  const result = within(5_000, () => validateCallflow({ module: 'collect_dtmf', data: { terminators } }));
  assert.ok(!result.ok);
  assert.ok(result.faults.length <= CALLFLOW_LIMITS.faults + 1);
  assert.equal(result.faults.at(-1)?.code, 'PV-1118');
});

test('cyclic and many-times-shared objects end', () => {
  const cyclic: Record<string, unknown> = { module: 'noop' };
  cyclic['children'] = { _: cyclic };
  assert.deepEqual(codes(cyclic), ['PV-1112']);
  let shared: unknown = ['x'];
  for (let index = 0; index < 30; index++) shared = [shared, shared];
  assert.deepEqual(codes({ module: 'edr', data: { shared } }), ['PV-1114']);
});

test('values that JSON does not have are refused at their place', () => {
  for (const value of [Number.NaN, 1n, () => 1, new Date(0), new Map(), Symbol('x')]) {
    const result = validateCallflow({ module: 'edr', data: { a: [value] } });
    assert.ok(!result.ok);
    assert.deepEqual([result.faults[0]?.code, result.faults[0]?.place?.pointer], ['PV-1115', '/data/a/0']);
  }
});

const anyJson = fc.jsonValue({ maxDepth: 6 });
const moduleName = fc.constantFrom(...moduleNames(), 'say', 'made_up');
const { node: anyFlow } = fc.letrec((tie) => ({
  node: fc.record(
    {
      module: fc.oneof({ weight: 9, arbitrary: moduleName }, { weight: 1, arbitrary: anyJson }),
      data: fc.oneof(
        { weight: 5, arbitrary: fc.dictionary(fc.string(), anyJson, { maxKeys: 4 }) },
        { weight: 1, arbitrary: anyJson },
      ),
      children: fc.dictionary(fc.constantFrom('_', '1', 'timeout', '__proto__', ''), tie('node'), { maxKeys: 3 }),
    },
    { requiredKeys: ['module'] },
  ),
}));

test('property: no value makes the validator throw, change its input or report without bound', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true, withMap: true }),
        anyFlow,
      ),
      (value) => {
        const result = validateCallflow(value, { mode: 'runtime' });
        if (!result.ok) assert.ok(result.faults.length > 0 && result.faults.length <= CALLFLOW_LIMITS.faults + 1);
        assert.ok(result.warnings.length <= CALLFLOW_LIMITS.faults);
      },
    ),
    { numRuns: 500 },
  );
});

test('property: what is accepted is accepted again, unchanged and without conversions', () => {
  fc.assert(
    fc.property(anyFlow, (value) => {
      const before = JSON.stringify(value);
      const first = validateCallflow(value, { allowLoopbackUrls: true });
      assert.equal(JSON.stringify(value), before);
      if (!first.ok) return;
      const second = validateCallflow(first.node, { allowLoopbackUrls: true });
      assert.ok(second.ok);
      assert.deepEqual(second.node, first.node);
      assert.ok(!second.warnings.some((one) => one.code === 'PV-1152'));
    }),
    { numRuns: 500 },
  );
});

test('property: any text is either JSON for both readers, or refused with a place inside the text', () => {
  const almostJson = anyJson.chain((value) => {
    const text = JSON.stringify(value, null, 1) ?? '';
    return fc
      .tuple(fc.nat(text.length), fc.constantFrom('', ',', '"', '}', '\\', '\u0001', ' x'))
      .map(([at, junk]) => text.slice(0, at) + junk + text.slice(at + 1));
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), almostJson), (text) => {
      const result = parseCallflowJson(text);
      if (result.ok || result.jsonError === undefined) {
        JSON.parse(text.replace(/^\ufeff/, ''));
        return;
      }
      assert.throws(() => JSON.parse(text));
      const { line, column } = result.faults[0]?.place ?? {};
      const lines = text.split('\n');
      assert.ok(line! >= 1 && line! <= lines.length && column! >= 1 && column! <= lines[line! - 1]!.length + 1);
    }),
    { numRuns: 1000 },
  );
});
