import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TableDelta } from '../../crds/table-delta.ts';
import { placeObjects, programmedOf, progressOf, type WorkerProgress } from './programmed.ts';
import { callflowOf } from './testing/tables.ts';

const worker = (name: string, acked: number | undefined, more: Partial<WorkerProgress> = {}): WorkerProgress => ({
  name,
  ready: true,
  draining: false,
  acked,
  ...more,
});

describe('the progress of the workers', () => {
  const cases: readonly [what: string, workers: readonly WorkerProgress[], progress: object][] = [
    ['nobody', [], { kind: 'noWorkers' }],
    [
      'nobody who counts',
      [worker('a', 3, { ready: false }), worker('b', 3, { draining: true })],
      { kind: 'noWorkers' },
    ],
    ['all have it', [worker('a', 3), worker('b', 3)], { kind: 'acked', serial: 3, waiting: [] }],
    [
      'the last one decides',
      [worker('a', 3), worker('b', 1), worker('c', 2)],
      { kind: 'acked', serial: 1, waiting: ['b'] },
    ],
    [
      'one has none that is known',
      [worker('a', 3), worker('b', undefined)],
      { kind: 'acked', serial: 0, waiting: ['b'] },
    ],
    [
      'one that is not ready is not waited for',
      [worker('a', 3), worker('b', 1, { ready: false })],
      { kind: 'acked', serial: 3, waiting: [] },
    ],
  ];
  for (const [what, workers, progress] of cases)
    it(what, () => assert.deepEqual(progressOf(workers, 3, false), progress));

  it('is not known while workers gather', () => {
    assert.deepEqual(progressOf([worker('a', 3)], 3, true), { kind: 'gathering' });
  });
});

describe('the placement of objects', () => {
  const delta = (
    set: readonly [`${string}/${string}`, number][],
    del: readonly `${string}/${string}`[] = [],
  ): TableDelta => ({
    from: '',
    to: '',
    callflows: { set: set.map(([key, generation]) => callflowOf(key, generation)), del },
    routes: { set: [], del: [] },
  });

  it('remembers since which table a generation is in it', () => {
    let placements = placeObjects(
      new Map(),
      delta([
        ['a/x', 1],
        ['a/y', 4],
      ]),
      1,
    );
    placements = placeObjects(placements, delta([['a/x', 2]]), 2);
    placements = placeObjects(placements, delta([['a/y', 4]]), 3);
    assert.deepEqual(
      [...placements],
      [
        ['a/x', { generation: 2, since: 2 }],
        ['a/y', { generation: 4, since: 1 }],
      ],
    );
    assert.deepEqual([...placeObjects(placements, delta([], ['a/x']), 4).keys()], ['a/y']);
  });
});

describe('Programmed of an object', () => {
  const placements = new Map([['a/x', { generation: 2, since: 5 }]] as const);
  const facts = (serial: number) => ({
    placements,
    rejections: new Map(),
    progress: { kind: 'acked' as const, serial, waiting: ['w'] },
  });

  it('is true when the last of the workers has come so far', () => {
    assert.deepEqual(programmedOf('a/x', 2, facts(4)), { kind: 'pending', waitingFor: ['w'] });
    const now = programmedOf('a/x', 2, facts(5));
    assert.ok(now.kind === 'known' && now.condition.status === 'True' && now.condition.observedGeneration === 2);
  });

  it('says which generation stays in use when this one is not in the table', () => {
    const now = programmedOf('a/x', 3, facts(9));
    assert.equal(
      now.kind === 'known' && now.condition.message,
      'The routing table does not hold this generation. Generation 2 stays in use',
    );
  });
});
