import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { CallflowNode } from '../../crds/callflow/node.ts';
import { admissionCodes } from '../../crds/errors/admission.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { FleetSettings } from '../../crds/routing-table.ts';
import { createLogger } from '../../runtime/log.ts';
import type { Caller } from '../admission/admission.ts';
import type { FlowServices } from '../callflow/services.ts';
import { createTrunkCalls } from '../dial/trunks.ts';
import { Router } from '../routing/router.ts';
import { type CallMetrics, NO_METRICS } from '../telemetry/metrics.ts';
import type { CallEnd } from './call.ts';
import { CallHandler, type CallHandlerOptions } from './handler.ts';
import type { FakeRequestOptions } from './testing/fake-sip.ts';
import { type OneCall, oneCall, tracing } from './testing/one-call.ts';
import { inVirtualTime } from './testing/virtual-time.ts';

interface Worker {
  readonly handler: CallHandler;
  /** Sends an INVITE; the sides of the call. */
  readonly invite: (options?: FakeRequestOptions, prepare?: (sides: OneCall) => void) => OneCall;
  readonly ends: CallEnd[];
  /** Results that were counted. */
  readonly results: unknown[];
  readonly spans: () => readonly ReadableSpan[];
  readonly root: () => ReadableSpan | undefined;
  readonly log: string[];
  /** Resolves when no call is left. */
  readonly idle: () => Promise<void>;
}

const WAIT: CallflowNode = { module: 'wait_for_hangup', data: {} };
const ANSWER_AND_WAIT: CallflowNode = { module: 'answer', data: {}, children: { _: WAIT } };

function worker(
  flow: CallflowNode = WAIT,
  options: Partial<CallHandlerOptions> = {},
  fleet?: Partial<FleetSettings>,
): Worker {
  const { provider, spans } = tracing();
  const results: unknown[] = [];
  const ends: CallEnd[] = [];
  const log: string[] = [];
  const sides: OneCall[] = [];
  const metrics: CallMetrics = {
    ...NO_METRICS,
    callRefused: (result) => results.push(result),
    callOver: (result) => results.push(result),
  };
  const router = new Router({
    version: 'v1',
    defaultAccount: 'acme',
    baseDomain: 'pivot.example.com',
    realms: {},
    ...(fleet === undefined ? {} : { fleet: fleet as FleetSettings }),
    routes: [{ kind: 'extension', account: 'acme', number: '2030', callflow: 'acme/support' }],
    callflows: {
      'acme/support': { key: 'acme/support', account: 'acme', name: 'support', generation: 3, flow },
    },
  });
  const latest = (): OneCall => sides.at(-1)!;
  const handler = new CallHandler({
    signalling: {
      createUAS: (request: OneCall['request'], response: OneCall['response'], answer: { localSdp: string }) =>
        sides.find((one) => one.request === request)!.signalling.createUAS(request, response, answer),
    } as unknown as CallHandlerOptions['signalling'],
    resources: {
      media: () => latest().media.server,
      get sounds() {
        return latest().resources.sounds;
      },
    },
    router: () => router,
    admit: (_, invite) => ({
      kind: 'admitted',
      caller: { kind: 'anybody' },
      invite,
      account: undefined,
      userIds: [],
    }),
    trunkCalls: createTrunkCalls(),
    tracer: provider.getTracer('test'),
    log: createLogger({ level: 'debug', destination: { write: (line) => log.push(line) } }),
    metrics: () => metrics,
    maxCalls: () => 2,
    language: 'en-us',
    services: () => ({
      services: { metrics: NO_METRICS } as unknown as FlowServices,
      end: async (end) => void ends.push(end),
    }),
    ...options,
  });
  return {
    handler,
    invite(request = {}, prepare = () => {}) {
      const one = oneCall(request);
      sides.push(one);
      prepare(one);
      handler.handle(one.request, one.response);
      return one;
    },
    ends,
    results,
    spans,
    root: () => spans().find(({ name }) => name === 'call'),
    log,
    async idle() {
      for (let turns = 0; handler.activeCalls > 0; turns += 1) {
        assert.ok(turns < 1000, 'a call does not end');
        await turn();
      }
    },
  };
}

describe('an INVITE', () => {
  it('is refused 400 when it cannot be read', () => {
    const { invite, handler, results, log, root } = worker();
    const { response } = invite({ headers: { Contact: undefined } });
    assert.deepEqual(
      ['pivot.error.code', 'pivot.result', 'pivot.sip.status'].map((name) => root()?.attributes[name]),
      [routingCodes.badInvite.code, 'refused', 400],
    );
    assert.deepEqual([response.last?.status, response.last?.reason], [400, 'Missing Contact']);
    assert.equal(handler.activeCalls, 0);
    assert.deepEqual(results, ['refused']);
    assert.ok(log.some((line) => line.includes(routingCodes.badInvite.code)));
  });

  it('is refused 404 when no callflow answers, with the reason in words', () => {
    const { invite, root, results } = worker();
    const { response } = invite({ uri: 'sip:9999@beta.pivot.example.com' });
    assert.equal(response.last?.status, 404);
    assert.equal(
      response.last?.headers?.['Warning'],
      `399 pivot "${routingCodes.noRoute.code} No callflow of account 'beta' answers '9999'"`,
    );
    assert.equal(response.last?.headers?.['Retry-After'], undefined);
    assert.deepEqual(results, ['no-route']);
    assert.equal(root()?.attributes['pivot.account'], 'beta');
    assert.equal(root()?.attributes['pivot.number'], '9999');
    assert.equal(root()?.attributes['pivot.sip.status'], 404);
  });

  it('has no say in the headers of its refusal, whatever it dials', () => {
    const { invite } = worker();
    const { response } = invite({ uri: 'sip:1%0d%0aX-Evil:%20%22@x%0d%0aX-Evil: 1' });
    const warning = response.last?.headers?.['Warning'] ?? '';
    assert.match(warning, /^399 pivot "[^"\r\n]*"$/);
  });

  it('is refused 503 with Retry-After before there is a routing table', () => {
    const { invite, root } = worker(WAIT, { router: () => undefined });
    const { response } = invite();
    assert.equal(response.last?.status, 503);
    assert.equal(response.last?.headers?.['Retry-After'], '5');
    assert.match(response.last?.headers?.['Warning'] ?? '', new RegExp(routingCodes.noTable.code));
    assert.equal(root()?.attributes['pivot.error.code'], routingCodes.noTable.code);
  });

  it('is refused 503 past the limit of calls, before any media; room comes back', async () => {
    const { invite, handler, results, idle, root } = worker();
    const calls = [invite(), invite()];
    const { response, media } = invite();
    assert.equal(response.last?.status, 503);
    assert.match(response.last?.headers?.['Warning'] ?? '', new RegExp(routingCodes.tooManyCalls.code));
    assert.equal(media.offers.length, 0);
    assert.equal(handler.activeCalls, 2);
    assert.deepEqual(results, ['refused']);
    assert.equal(root()?.attributes['pivot.account'], 'acme');
    for (const { request } of calls) request.emit('cancel');
    await idle();
    assert.deepEqual(invite().response.statuses, [180]);
  });

  it('of a trunk is refused 503 past the limit of the trunk; a call that is over gives its place back', async () => {
    const { invite, root, idle } = worker(WAIT, {
      admit: (_, one) => ({
        kind: 'admitted',
        caller: { kind: 'trunk', trunk: 'acme/carrier', maxCalls: 1 },
        invite: one,
        account: 'acme',
        userIds: [],
      }),
    });
    const { request } = invite();
    const { response } = invite();
    assert.deepEqual([response.last?.status, response.last?.headers?.['Retry-After']], [503, '5']);
    assert.equal(root()?.attributes['pivot.error.code'], admissionCodes.trunkFull.code);
    request.emit('cancel');
    await idle();
    assert.deepEqual(invite().response.statuses, [180]);
  });

  it('is refused 503 while the worker drains', async () => {
    const { invite, handler } = worker();
    await handler.drain(0);
    const { response } = invite();
    assert.equal(response.last?.status, 503);
    assert.match(response.last?.headers?.['Warning'] ?? '', new RegExp(routingCodes.draining.code));
  });

  it('that is taken gets 180 with the id of its trace, and can be found at once', () => {
    const { invite, spans, handler } = worker(WAIT, { debugUrl: (account, callId) => `http://d/${account}/${callId}` });
    const { response } = invite();
    assert.equal(handler.activeCalls, 1);
    assert.equal(response.last?.status, 180);
    const received = spans().find(({ name }) => name === 'call.received');
    assert.equal(response.last?.headers?.['X-Pivot-Trace'], received?.spanContext().traceId);
    assert.equal(response.last?.headers?.['Call-Info'], '<http://d/acme/call-1@phone.example>;purpose=debug');
    assert.equal(received?.attributes['pivot.callflow'], 'acme/support');
    const route = spans().find(({ name }) => name === 'route');
    assert.equal(route?.attributes['pivot.callflow.generation'], 3);
    assert.equal(route?.attributes['pivot.route.by'], 'number');
  });
});

describe('the trace of a call', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
  const from = (caller: Caller): Parameters<typeof worker>[1] => ({
    admit: (_, invite) => ({ kind: 'admitted', caller, invite, account: 'acme', userIds: [] }),
  });
  const traceOf = (sides: OneCall): string | undefined => sides.response.last?.headers?.['X-Pivot-Trace'];

  it('continues what a trunk says, or anybody where anybody may call', () => {
    for (const caller of [
      { kind: 'trunk', trunk: 'acme/carrier', maxCalls: undefined },
      { kind: 'anybody' },
    ] as const) {
      const { invite, spans } = worker(WAIT, from(caller));
      assert.equal(traceOf(invite({ headers })), TRACE);
      assert.ok(spans().every((span) => span.spanContext().traceId === TRACE));
    }
  });

  it('is its own where a telephone says so, or what is said cannot be read', () => {
    assert.notEqual(traceOf(worker(WAIT, from({ kind: 'device', device: 'acme/desk' })).invite({ headers })), TRACE);
    const other = { traceparent: `00-${TRACE}-0000000000000000-01` };
    assert.notEqual(traceOf(worker(WAIT, from({ kind: 'anybody' })).invite({ headers: other })), TRACE);
  });

  it('is its own, with a link, when another call has joined that trace', async () => {
    const { invite, spans, idle } = worker(WAIT, from({ kind: 'anybody' }));
    const roots = (): ReadableSpan[] => spans().filter(({ name }) => name === 'call');
    const first = invite({ headers });
    assert.equal(traceOf(first), TRACE);
    const second = invite({ headers });
    assert.notEqual(traceOf(second), TRACE);
    second.request.emit('cancel');
    first.request.emit('cancel');
    await idle();
    assert.deepEqual(
      roots()
        .map(({ links }) => links.map(({ context }) => context.traceId))
        .sort(),
      [[], [TRACE]],
    );
  });
});

describe('how a call went', () => {
  const cases: readonly [
    what: string,
    flow: CallflowNode,
    act: (sides: OneCall) => void,
    result: string,
    status: string,
  ][] = [
    ['the caller hangs up', ANSWER_AND_WAIT, ({ signalling }) => signalling.dialog.bye(), 'completed', 'completed'],
    ['the flow ends', { module: 'answer', data: {} }, () => {}, 'completed', 'completed'],
    ['the caller gives up', WAIT, ({ request }) => void request.emit('cancel'), 'canceled', 'canceled'],
    ['the flow ends unanswered', { module: 'noop', data: {} }, () => {}, 'rejected', 'no-answer'],
    ['busy', { module: 'response', data: { code: 486 } }, () => {}, 'rejected', 'busy'],
    ['declined', { module: 'response', data: { code: 603 } }, () => {}, 'rejected', 'no-answer'],
    ['FreeSWITCH goes away', ANSWER_AND_WAIT, ({ media }) => void media.endpoint.emit('destroy'), 'failed', 'failed'],
  ];
  for (const [what, flow, act, result, status] of cases) {
    it(`${what}: ${result}, ${status}`, async () => {
      const { invite, results, root, ends, idle, log } = worker(flow);
      const sides = invite();
      for (let turns = 0; turns < 5; turns += 1) await turn();
      act(sides);
      await idle();
      assert.deepEqual(results, [result]);
      assert.equal(root()?.attributes['pivot.result'], result);
      assert.equal(root()?.attributes['pivot.call.status'], status);
      assert.equal(ends.length, 1);
      assert.equal(root()?.attributes['pivot.end.cause'], ends[0]?.cause);
      assert.equal(log.filter((line) => line.includes('call ended')).length, 1);
      assert.equal(sides.response.late, 0);
      assert.deepEqual(sides.media.endpoint.eventNames(), []);
    });
  }

  it('without media: failed', async () => {
    const { invite, results, idle } = worker(ANSWER_AND_WAIT);
    const { response } = invite({}, ({ media }) => {
      media.make = () => turn().then(() => Promise.reject(new PivotError(fault(routingCodes.noCommonCodec, 'x'))));
    });
    await idle();
    assert.deepEqual(response.statuses, [180, 488]);
    assert.deepEqual(results, ['failed']);
  });
});

describe('a call that breaks inside', () => {
  it('is answered 503 and forgotten when its services cannot be made', async () => {
    const { invite, idle, log, root } = worker(WAIT, {
      services: () => {
        throw new Error('a bug');
      },
    });
    const { response } = invite();
    await idle();
    assert.deepEqual(response.statuses, [503]);
    assert.ok(log.some((line) => line.includes('a bug')));
    assert.ok(root() !== undefined, 'its span is ended');
  });

  it('is freed when its end cannot be told', async () => {
    const { invite, idle, root } = worker(ANSWER_AND_WAIT, {
      services: () => ({
        services: { metrics: NO_METRICS } as unknown as FlowServices,
        end: () => {
          throw new Error('a bug');
        },
      }),
    });
    const { signalling, media } = invite();
    for (let turns = 0; turns < 5; turns += 1) await turn();
    signalling.dialog.bye();
    await idle();
    assert.equal(media.endpoint.destroyed, 1);
    assert.ok(root() !== undefined);
  });
});

describe('draining', () => {
  it('waits for the calls in progress', async () => {
    const { invite, handler } = worker();
    const { request } = invite();
    let drained = false;
    const draining = handler.drain(60_000).then(() => {
      drained = true;
    });
    await turn();
    assert.deepEqual([handler.draining, drained], [true, false]);
    request.emit('cancel');
    await draining;
  });

  it('hangs up what is left when its time is over', async () => {
    const { invite, handler } = worker();
    const ms = await inVirtualTime(async () => {
      const { response } = invite();
      await handler.drain(10_000);
      assert.deepEqual(response.statuses, [180, 503]);
      return Date.now();
    });
    assert.equal(ms, 10_000);
    assert.equal(handler.activeCalls, 0);
  });

  it('of an idle worker is done at once', async () => {
    await worker().handler.drain(60_000);
  });
});

it('a call that lasts longer than the fleet lets calls last is ended, and says so', async () => {
  const { invite, handler, root, results, idle } = worker(ANSWER_AND_WAIT, {}, { callSeconds: 600 });
  const ms = await inVirtualTime(async () => {
    invite();
    while (handler.activeCalls > 0) await new Promise((resolve) => setTimeout(resolve, 1000));
    return Date.now();
  });
  await idle();
  assert.ok(ms >= 600_000 && ms < 610_000, `${ms} ms`);
  assert.equal(root()?.attributes['pivot.error.code'], routingCodes.callTooLong.code);
  assert.equal(results.length, 1);
});

it('losing drachtio-server ends every call', async () => {
  const { invite, handler, idle, results } = worker();
  invite();
  invite();
  handler.signallingLost();
  await idle();
  assert.deepEqual(results, ['failed', 'failed']);
});

it('a thousand calls leave nothing', async () => {
  const { invite, handler, idle } = worker(ANSWER_AND_WAIT);
  for (let count = 0; count < 1000; count += 1) {
    const { signalling, media } = invite();
    for (let turns = 0; turns < 3; turns += 1) await turn();
    signalling.dialog.bye();
    await idle();
    assert.deepEqual([media.endpoint.eventNames(), signalling.dialog.eventNames()], [[], []]);
  }
  assert.equal(handler.activeCalls, 0);
});
