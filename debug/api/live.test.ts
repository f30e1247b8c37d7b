import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import fastify, { type FastifyInstance } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import type { CallflowSource } from '../callflows.ts';
import type { CallSummary } from '../summary.ts';
import { startCall, startExchange, type TestSpan } from '../testing/spans.ts';
import { TraceStore } from '../trace-store.ts';
import { registerLocalDebugApi } from './debug-api.ts';
import { EventStreams } from './event-streams.ts';

interface Message {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** A viewer that reads messages when it is asked for them. */
class Viewer {
  readonly response: IncomingMessage;
  readonly #messages: Message[] = [];
  readonly #waiting = new Set<() => void>();
  ended = false;

  constructor(response: IncomingMessage) {
    this.response = response;
    let pending = '';
    const told = (): void => {
      for (const wake of [...this.#waiting]) wake();
    };
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const parts = (pending + chunk).split('\n\n');
      pending = parts.pop() ?? '';
      for (const part of parts) {
        const match = /^(?:id: (.*)\n)?event: (.*)\ndata: (.*)$/.exec(part);
        if (match !== null)
          this.#messages.push({ id: match[1] ?? '', event: match[2] ?? '', data: JSON.parse(match[3] ?? '') });
      }
      told();
    });
    response.on('close', () => {
      this.ended = true;
      told();
    });
  }

  /** The next message, now or later. */
  async next(): Promise<Message> {
    await this.#until(() => this.#messages.length > 0);
    return this.#messages.shift() as Message;
  }

  async end(): Promise<void> {
    await this.#until(() => this.ended);
  }

  get left(): number {
    return this.#messages.length;
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }
}

let server: FastifyInstance;
let store: TraceStore;
let url: string;
let endLive: () => void;
let changeCallflows = (): void => {};
let start: (id: string) => TestSpan;

beforeEach(async () => {
  store = new TraceStore(100);
  const tracer = new BasicTracerProvider({ spanProcessors: [store] }).getTracer('test');
  start = (id) =>
    startCall(tracer, { 'pivot.call.id': id, 'pivot.account': 'acme', 'pivot.from': '1', 'pivot.number': '2' });
  server = fastify({ forceCloseConnections: true });
  const callflows: CallflowSource = {
    list: () => [],
    watch: (changed) => {
      changeCallflows = changed;
      return () => {
        changeCallflows = () => {};
      };
    },
  };
  endLive = registerLocalDebugApi(server, { store, node: 'n', version: '0', callflows });
  url = await server.listen({ port: 0 });
});
afterEach(async () => {
  endLive();
  await server.close();
});

function view(path: string, headers: Record<string, string> = {}): Promise<Viewer> {
  return new Promise((resolve, reject) =>
    get(`${url}${path}`, { agent: false, headers }, (response) => resolve(new Viewer(response))).on('error', reject),
  );
}

const summary = ({ data }: Message): CallSummary => data as unknown as CallSummary;

describe('the stream of all calls', () => {
  it('tells a new viewer to begin anew, then of each call that does something, a few times a second at most', async () => {
    const viewer = await view('/debug/v1/events');
    assert.equal((await viewer.next()).event, 'reset');
    const root = start('a');
    for (let number = 1; number <= 50; number += 1) startExchange(root, number).end();
    const first = summary(await viewer.next());
    assert.deepEqual([first.call_id, first.state, first.exchanges], ['a', 'active', 50]);
    assert.equal(viewer.left, 0);
    root.end();
    assert.equal(summary(await viewer.next()).state, 'ended');
    viewer.response.destroy();
  });

  it('goes on where a viewer was when it comes back', async () => {
    const first = await view('/debug/v1/events');
    const { id } = await first.next();
    first.response.destroy();
    await first.end();
    const root = start('while-away');
    root.end();
    const watcher = await view('/debug/v1/events');
    await watcher.next();
    const back = await view('/debug/v1/events', { 'last-event-id': id });
    assert.equal(summary(await back.next()).call_id, 'while-away');
    const byQuery = await view(`/debug/v1/events?last=${id}`);
    assert.equal(summary(await byQuery.next()).call_id, 'while-away');
    for (const viewer of [watcher, back, byQuery]) viewer.response.destroy();
  });

  it('tells a viewer who was away too long, or names an event of another process, to begin anew', async () => {
    const viewer = await view('/debug/v1/events');
    const { id } = await viewer.next();
    for (let count = 0; count < 1200; count += 1) changeCallflows();
    for (const last of [id, 'abc.12', 'nonsense', `${id.split('.')[0]}.999999999`]) {
      const back = await view('/debug/v1/events', { 'last-event-id': last });
      assert.equal((await back.next()).event, 'reset', last);
      back.response.destroy();
    }
    viewer.response.destroy();
  });

  it('tells that callflows have changed', async () => {
    const viewer = await view('/debug/v1/events');
    await viewer.next();
    changeCallflows();
    assert.equal((await viewer.next()).event, 'callflows');
    viewer.response.destroy();
  });

  it('is for 200 viewers at once', async () => {
    const viewers = await Promise.all(Array.from({ length: 200 }, () => view('/debug/v1/events')));
    for (const viewer of viewers) assert.equal((await viewer.next()).event, 'reset');
    start('a').end();
    for (const viewer of viewers) assert.equal(summary(await viewer.next()).call_id, 'a');
    const refused = await fetch(`${url}/debug/v1/events`);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '2');
    assert.equal(((await refused.json()) as { code: string }).code, debugCodes.tooBusy.code);
    for (const viewer of viewers) viewer.response.destroy();
    await Promise.all(viewers.map((viewer) => viewer.end()));
  });
});

describe('the stream of one call', () => {
  it('tells time line and exchanges from where the viewer is, and the summary at the end', async () => {
    const root = start('a');
    startExchange(root, 1).end();
    const story = (await (await fetch(`${url}/debug/v1/calls/${root.traceId}`)).json()) as {
      position: number;
      exchanges: unknown[];
    };
    assert.deepEqual([story.position, story.exchanges.length], [3, 1]);
    const viewer = await view(`/debug/v1/calls/${root.traceId}/events?since=${story.position}`);
    const exchange = startExchange(root, 2, { 'pivot.webhook.request.body': 'not in the stream' });
    const begun = await viewer.next();
    assert.deepEqual(
      [begun.event, (begun.data['exchange'] as { iteration: number; index: number }).iteration],
      ['news', 2],
    );
    exchange.end();
    const done = await viewer.next();
    const head = done.data['exchange'] as Record<string, unknown>;
    assert.equal(head['index'], 1);
    assert.equal(typeof head['elapsed_ms'], 'number');
    assert.equal('req_body' in head, false);
    assert.match(JSON.stringify(done.data['timeline']), /POST https:\/\/app\.example\.com\/2 → 200/);
    root.end();
    assert.equal((await viewer.next()).event, 'news');
    const over = await viewer.next();
    assert.equal(over.event, 'over');
    assert.equal((over.data['call'] as CallSummary).state, 'ended');
    await viewer.end();
    const back = await view(`/debug/v1/calls/${root.traceId}/events`, { 'last-event-id': done.id });
    assert.deepEqual([(await back.next()).event, (await back.next()).event], ['news', 'over']);
    await back.end();
  });

  it('holds nothing back in memory for a viewer who reads slowly, and gives it all in the end', async () => {
    const root = start('big');
    const body = 'x'.repeat(16_000);
    for (let number = 1; number <= 1000; number += 1)
      startExchange(root, number, { 'pivot.webhook.response.body': body }).end();
    root.end();
    const moments = mock.method(store, 'moment');
    const response = await new Promise<IncomingMessage>((resolve) =>
      get(`${url}/v2/accounts/acme/pivot/debug/big/events`, { agent: false }, resolve),
    );
    response.pause();
    // What the kernel takes for it, and no more, has been asked for: of some 2,000 messages of 16 KB.
    let asked = -1;
    while (moments.mock.callCount() !== asked) {
      asked = moments.mock.callCount();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(asked < 1500, String(asked));
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    assert.ok(bytes > 1000 * 2 * body.length, String(bytes));
  });

  it('of an unknown call is 404', async () => {
    assert.equal((await fetch(`${url}/debug/v1/calls/${'0'.repeat(32)}/events`)).status, 404);
  });
});

describe('streams', () => {
  it('that are over are forgotten', async () => {
    const streams = new EventStreams(1);
    const small = fastify({ forceCloseConnections: true });
    let stopped = 0;
    let over = false;
    small.get('/', async (_request, reply) => {
      const stream = streams.begin(reply, {
        next: () => (over ? 'over' : 'wait'),
        stop: () => {
          stopped += 1;
        },
      });
      over = true;
      stream.wake();
      return reply;
    });
    const address = await small.listen({ port: 0 });
    await (await fetch(address)).text();
    assert.deepEqual([streams.open, stopped], [0, 1]);
    await small.close();
  });
});
