import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { engineCodes } from '../crds/errors/engine.ts';
import { fault } from '../crds/errors/fault.ts';
import { startCall, type TestSpan } from './testing/spans.ts';
import { type SpanNews, TraceStore } from './trace-store.ts';

function setUp(
  capacity = 10,
  characters?: number,
): { store: TraceStore; call: (id: string, account?: string) => TestSpan } {
  const store = new TraceStore(capacity, characters);
  const tracer = new BasicTracerProvider({ spanProcessors: [store] }).getTracer('test');
  return {
    store,
    call: (id, account = 'acme') =>
      startCall(tracer, {
        'pivot.call.id': id,
        ...(account === '' ? {} : { 'pivot.account': account }),
      }),
  };
}

describe('the trace store', () => {
  it('has a call from its first moment, with what its open spans say now', () => {
    const { store, call } = setUp();
    const root = call('a', '');
    const action = root.child('action play');
    root.set({ 'pivot.account': 'acme' });
    action.set({ 'pivot.action': 'play' });
    const stored = store.call('a');
    assert.equal(stored?.account, 'acme');
    assert.equal(stored?.traceId, root.traceId);
    assert.equal(stored?.endedAt, undefined);
    assert.deepEqual(
      stored?.spans.map(({ name, endedAt }) => [name, endedAt]),
      [
        ['call', undefined],
        ['action play', undefined],
      ],
    );
    assert.equal(stored?.spans[1]?.attributes['pivot.action'], 'play');
    assert.equal(stored?.spans[1]?.parentSpanId, root.spanId);
  });

  it('keeps events, errors and times, and the order in which spans began and ended', () => {
    const { store, call } = setUp();
    const root = call('a');
    const action = root.child('action play');
    action.warn(fault(engineCodes.badActionData, 'a word'));
    action.fail(fault(engineCodes.moduleFailed, 'a bug'));
    action.end();
    root.end();
    const stored = store.call('a');
    const [kept, failed] = stored?.spans ?? [];
    assert.deepEqual(stored?.order, [
      { type: 'start', spanId: root.spanId },
      { type: 'start', spanId: action.spanId },
      { type: 'end', spanId: action.spanId },
      { type: 'end', spanId: root.spanId },
    ]);
    assert.deepEqual([kept?.error, failed?.error], [false, true]);
    assert.deepEqual(
      failed?.events.map(({ name }) => name),
      ['pivot.warning', 'pivot.error'],
    );
    assert.ok(stored?.endedAt !== undefined && stored.endedAt >= stored.startedAt);
  });

  it('gives copies: what is read does not change behind the reader', () => {
    const { store, call } = setUp();
    const root = call('a');
    const before = store.call('a')?.spans;
    root.child('route').end();
    root.set({ later: true });
    assert.equal(before?.length, 1);
    assert.equal(before?.[0]?.attributes['later'], undefined);
  });

  it('keeps the last calls, newest first, and forgets the oldest', () => {
    const { store, call } = setUp(3);
    for (const id of ['a', 'b', 'c', 'd', 'e']) call(id).end();
    assert.deepEqual(
      [...store.calls()].map(({ callId }) => callId),
      ['e', 'd', 'c'],
    );
    assert.equal(store.call('a'), undefined);
  });

  it('tells the newest of two calls with one Call-ID, also when the older is forgotten', () => {
    const { store, call } = setUp(2);
    call('same').end();
    const newer = call('same');
    call('other').end();
    assert.equal(store.call('same')?.traceId, newer.traceId);
  });

  it('tells what happened in a call one by one, and whether it has the call', () => {
    const { store, call } = setUp(1);
    const root = call('a');
    root.child('route').end();
    const moments = [0, 1, 2, 3].map((index) => store.moment(root.traceId, index));
    assert.deepEqual(
      moments.map((moment) => moment && `${moment.type} ${moment.span.name}`),
      ['start call', 'start route', 'end route', undefined],
    );
    assert.equal(store.has(root.traceId), true);
    call('b');
    assert.deepEqual([store.has(root.traceId), store.moment(root.traceId, 0)], [false, undefined]);
  });

  it('keeps 8,000 spans of a call and counts the others', () => {
    const { store, call } = setUp();
    const root = call('a');
    for (let count = 0; count < 8500; count += 1) root.child('action noop').end();
    root.end();
    const stored = store.call('a');
    assert.equal(stored?.spans.length, 8000);
    assert.equal(stored?.droppedSpans, 501);
    assert.ok(stored?.endedAt !== undefined);
  });

  it('forgets calls that are over before live ones, so that a flood of refused calls takes no trace from them', () => {
    const { store, call } = setUp(3);
    const live = call('live');
    for (let i = 0; i < 20; i += 1) call(`refused-${i}`).end();
    assert.deepEqual(
      [...store.calls()].map(({ callId }) => callId),
      ['refused-19', 'refused-18', 'live'],
    );
    live.end();
    assert.notEqual(store.call('live')?.endedAt, undefined);
  });

  it('forgets old calls when all together hold too much text, but never the last', () => {
    const { store, call } = setUp(1000, 100_000);
    for (let count = 0; count < 50; count += 1) {
      const root = call(String(count));
      root.set({ body: 'x'.repeat(10_000) });
      root.end();
    }
    const kept = [...store.calls()].map(({ callId }) => callId);
    assert.ok(kept.length >= 5 && kept.length <= 10, String(kept.length));
    assert.equal(kept[0], '49');
    const huge = call('huge');
    huge.set({ body: 'x'.repeat(1_000_000) });
    huge.end();
    assert.deepEqual(
      [...store.calls()].map(({ callId }) => callId),
      ['huge'],
    );
  });

  it('does not mind spans of no call, or of one that it has forgotten', () => {
    const { store, call } = setUp(1);
    const old = call('old');
    const child = old.child('route');
    call('new');
    child.end();
    old.child('late').end();
    old.end();
    assert.deepEqual(
      [...store.calls()].map(({ callId, spans }) => [callId, spans.length]),
      [['new', 1]],
    );
  });

  it('tells its watchers of each start and end, until they stop', () => {
    const { store, call } = setUp();
    const news: string[] = [];
    const root = call('a');
    const stop = store.watch(({ type, traceId, span }: SpanNews) =>
      news.push(
        `${type} ${span.name}${traceId === root.traceId ? '' : ' of another'}${span.endedAt === undefined ? '' : ', ended'}`,
      ),
    );
    root.child('route').end();
    stop();
    root.end();
    assert.deepEqual(news, ['start route', 'end route, ended']);
  });

  it('lets a watcher stop itself in the middle', () => {
    const { store, call } = setUp();
    let heard = 0;
    const stop = store.watch(() => {
      heard += 1;
      stop();
    });
    store.watch(() => {
      heard += 10;
    });
    call('a');
    assert.equal(heard, 11);
  });
});
