import type { FastifyInstance, FastifyRequest } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import type { CallSource } from '../call-source.ts';
import type { CallflowSource, CallflowView } from '../callflows.ts';
import { createMemorySource } from '../memory-source.ts';
import type { TraceStore } from '../trace-store.ts';
import { registerCallsApi } from './calls-api.ts';
import { registerErrorPages } from './error-pages.ts';
import { EventStreams } from './event-streams.ts';
import { refuseForeignHosts } from './guards.ts';
import { registerKazooApi } from './kazoo.ts';
import { liveCall } from './live-call.ts';
import { LiveCalls } from './live-calls.ts';
import { registerPage } from './page-files.ts';
import { tellErrors } from './replies.ts';
import { registerSpanStream } from './span-stream.ts';
import { registerTestCalls, type TestCalls } from './test-calls.ts';

/** On one machine: everything is in this process's memory, and whoever reaches the port may see it. */
export interface LocalDebugApi {
  readonly store: TraceStore;
  /** This process's name, in each entry. */
  readonly node: string;
  readonly version: string;
  readonly callflows?: CallflowSource;
  readonly testCalls?: TestCalls;
  /** Names of this machine, beside `localhost`, that people may use in the address. */
  readonly names?: readonly string[];
}

/** In a cluster: traces are in Jaeger, and people show who they are with a token of the cluster. */
export interface ClusterDebugApi {
  readonly source: CallSource | undefined;
  readonly node: string;
  readonly version: string;
  /** Where people see a trace in full; `{traceId}` is replaced. */
  readonly traceUrl?: () => string | undefined;
  /** Rejects with a `PivotError` when whoever asks may not see that account. */
  readonly authorize: (request: FastifyRequest, account: string) => Promise<void>;
  /** Callflows of the accounts that whoever asks may see. */
  readonly callflows: (request: FastifyRequest) => Promise<CallflowsAnswer>;
}

export interface CallflowsAnswer {
  readonly callflows: readonly CallflowView[];
  /** Namespaces that may be seen, as far as they have callflows. */
  readonly accounts: readonly string[];
}

/** How often the page asks anew where nothing can be pushed. */
const POLL_EVERY_MS = 5000;
/** A span that has just begun does not say yet what it is. */
const TELL_AFTER_MS = 100;
const anybody = async (): Promise<void> => {};

/** The debug API, live streams and the page, of a `pivot up`. Returns how to end what goes on for viewers. */
export function registerLocalDebugApi(server: FastifyInstance, options: LocalDebugApi): () => void {
  const { store, node, version, callflows, testCalls, names = [] } = options;
  const source = createMemorySource(store);
  const streams = new EventStreams();
  const live = new LiveCalls(store, callflows);
  void server.register(async (scope) => {
    tellErrors(scope);
    refuseForeignHosts(scope, names);
    registerPage(scope);
    registerErrorPages(scope);
    registerKazooApi(scope, { source, node, authorize: anybody });
    registerSpanStream(scope, { store, source, streams });
    registerCallsApi(scope, { source, node, authorize: anybody });
    if (testCalls !== undefined) registerTestCalls(scope, testCalls);
    scope.get('/debug/v1/about', async () => ({
      version,
      live: true,
      auth: 'none',
      calls: true,
      test_calls: testCalls !== undefined,
    }));
    scope.get('/debug/v1/callflows', async (): Promise<CallflowsAnswer> => {
      const views = callflows?.list() ?? [];
      return { callflows: views, accounts: [...new Set(views.map(({ account }) => account))].sort() };
    });
    scope.get<{ Querystring: { last?: string } }>('/debug/v1/events', async (request, reply) => {
      let wake = (): void => {};
      const content = live.view(lastEventId(request) ?? request.query.last, () => wake());
      try {
        const stream = streams.begin(reply, content);
        wake = () => stream.wake();
      } catch (error) {
        content.stop();
        throw error;
      }
      return reply;
    });
    scope.get<{ Params: { traceId: string }; Querystring: { since?: string } }>(
      '/debug/v1/calls/:traceId/events',
      async (request, reply) => {
        const { traceId } = request.params;
        if (!store.has(traceId))
          throw new PivotError(fault(debugCodes.noCall, `There is no call with the trace "${traceId}"`));
        const since = lastEventId(request) ?? request.query.since ?? '0';
        const from = /^\d{1,9}$/.test(since) ? Number(since) : 0;
        const stream = streams.begin(reply, { ...liveCall(store, traceId, from, node), stop: () => stop() });
        let timer: NodeJS.Timeout | undefined;
        const unwatch = store.watch((news) => {
          if (news.traceId !== traceId) return;
          timer ??= setTimeout(() => {
            timer = undefined;
            stream.wake();
          }, TELL_AFTER_MS);
        });
        const stop = (): void => {
          unwatch();
          clearTimeout(timer);
        };
        return reply;
      },
    );
  });
  return () => live.close();
}

/** The debug API and the page of an operator. */
export function registerClusterDebugApi(server: FastifyInstance, options: ClusterDebugApi): void {
  const { source, node, version, traceUrl, authorize, callflows } = options;
  void server.register(async (scope) => {
    tellErrors(scope);
    registerPage(scope);
    registerErrorPages(scope);
    if (source !== undefined) {
      registerKazooApi(scope, { source, node, authorize });
      registerCallsApi(scope, {
        source,
        node,
        ...(traceUrl === undefined ? {} : { traceUrl }),
        authorize: async (request, account) => {
          if (account === undefined || account === '')
            throw new PivotError(fault(debugCodes.badQuery, 'account must say of which namespace'));
          await authorize(request, account);
        },
      });
    }
    scope.get('/debug/v1/about', async () => ({
      version,
      live: false,
      auth: 'bearer',
      calls: source !== undefined,
      test_calls: false,
      poll_ms: POLL_EVERY_MS,
    }));
    scope.get('/debug/v1/callflows', async (request) => callflows(request));
  });
}

function lastEventId(request: FastifyRequest): string | undefined {
  const value = request.headers['last-event-id'];
  return typeof value === 'string' ? value : undefined;
}
