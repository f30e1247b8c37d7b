import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readOperatorMessage, readRefusal, readWorkerMessage } from './read-stream.ts';
import { readTablePiece } from './read-table.ts';
import type { OperatorMessage, WorkerMessage } from './stream.ts';

const V = '0123456789abcdef';
const D = V + V;
const WORKER: readonly WorkerMessage[] = [
  { type: 'hello', worker: 'w', node: 'n', epoch: 'e', build: '1', capacity: 200, version: V, secrets: null },
  { type: 'ack', serial: 1, version: V },
  {
    type: 'nack',
    serial: 1,
    version: V,
    reason: 'objects',
    code: 'PV-2106',
    message: 'no',
    objects: [{ key: 'a/b', code: 'PV-2106', message: 'no' }],
  },
  { type: 'state', ready: true, draining: false, activeCalls: 3, reasons: [] },
];
const CALLFLOW = {
  key: 'a/b',
  account: 'a',
  name: 'b',
  generation: 1,
  flow: { module: 'play', data: { id: 'x' } },
} as const;
const OPERATOR: readonly OperatorMessage[] = [
  { type: 'snapshot', serial: 1, version: V, secrets: D, pieces: 2, secretParts: 1, allowShrink: false },
  { type: 'secrets', values: [['a/b/c', 'value']] },
  {
    type: 'delta',
    serial: 2,
    table: {
      from: V,
      to: V,
      settings: { defaultAccount: 'default', realms: { 'a.example': 'a' } },
      callflows: { set: [CALLFLOW], del: ['a/c'] },
      routes: {
        set: [{ kind: 'e164', number: '+1555', callflow: 'a/b' }],
        del: [{ kind: 'no_match', account: 'a', callflow: 'a/c' }],
      },
    },
    secrets: { from: D, to: D, set: [['a/b/c', 'v']], del: ['x'] },
  },
  { type: 'heartbeat', serial: 2, version: V },
];

/** A message with one part, however deep, replaced by something else. */
const damaged = (messages: readonly unknown[]) =>
  fc.tuple(fc.constantFrom(...messages), fc.nat(40), fc.anything({ maxDepth: 2 })).map(([message, place, other]) => {
    let count = 0;
    return JSON.stringify(message, (_key, value: unknown) => (count++ === place ? other : value)) ?? 'undefined';
  });
const texts = (messages: readonly unknown[]) =>
  fc.oneof(
    fc.string(),
    fc.json(),
    damaged(messages),
    damaged(messages).map((text) => text.slice(0, text.length / 2)),
  );

describe('a message of the stream', () => {
  it('is read as it was written', () => {
    for (const message of WORKER) assert.deepEqual(readWorkerMessage(JSON.stringify(message)), { ok: true, message });
    for (const message of OPERATOR)
      assert.deepEqual(readOperatorMessage(JSON.stringify(message)), { ok: true, message });
  });

  it('of an unknown type is passed over', () => {
    assert.deepEqual(readWorkerMessage('{"type":"weather"}'), { ok: true, message: undefined });
    assert.deepEqual(readOperatorMessage('{"type":"weather"}'), { ok: true, message: undefined });
  });

  it('is a message or a coded fault, whatever comes', () => {
    fc.assert(
      fc.property(texts(WORKER), texts(OPERATOR), (worker, operator) => {
        for (const read of [readWorkerMessage(worker), readOperatorMessage(operator), readTablePiece(operator)]) {
          if (!read.ok) assert.match(read.fault.code, /^PV-2103$/);
        }
        readRefusal(worker);
      }),
      { numRuns: 2000 },
    );
  });

  const hostile: readonly [what: string, text: string][] = [
    ['a version that is none', '{"type":"ack","serial":1,"version":"../../etc"}'],
    ['a serial number out of range', `{"type":"ack","serial":1e300,"version":"${V}"}`],
    ['a list in place of an object', '[]'],
    ['names that are too long', JSON.stringify({ ...WORKER[0], worker: 'w'.repeat(2000) })],
    [
      'too many rejected objects',
      JSON.stringify({ ...WORKER[2], objects: Array(101).fill({ key: 'a/b', code: 'PV-2106', message: '' }) }),
    ],
    ['more than a worker may say', `{"type":"state","x":"${'x'.repeat(70_000)}"}`],
  ];
  for (const [what, text] of hostile) it(`is refused: ${what}`, () => assert.equal(readWorkerMessage(text).ok, false));

  it('with a flow of 100,000 levels is refused and not walked', () => {
    const deep = `{"module":"a","data":{},"children":${'{"_":{"module":"a","data":{},"children":'.repeat(50_000)}{}${'}}'.repeat(50_000)}}`;
    const piece = `{"callflows":[{"key":"a/b","account":"a","name":"b","generation":1,"flow":${deep}}],"routes":[]}`;
    const read = readTablePiece(piece);
    assert.ok(!read.ok && /callflow a\/b: more than/.test(read.fault.message));
  });

  const pieces: readonly [what: string, piece: object][] = [
    ['a key that is another name', { callflows: [{ ...CALLFLOW, name: 'c' }], routes: [] }],
    ['an action without a module', { callflows: [{ ...CALLFLOW, flow: { data: {} } }], routes: [] }],
    ['a route of no kind', { callflows: [], routes: [{ kind: 'weather', callflow: 'a/b' }] }],
    ['a route without a number', { callflows: [], routes: [{ kind: 'e164', callflow: 'a/b' }] }],
    [
      'settings that hold routes',
      { settings: { defaultAccount: 'a', realms: {}, routes: [] }, callflows: [], routes: [] },
    ],
  ];
  for (const [what, piece] of pieces) {
    it(`is refused: a piece with ${what}`, () => assert.equal(readTablePiece(JSON.stringify(piece)).ok, false));
  }
});
