import type { Meter, Tracer } from '@opentelemetry/api';
import { prepareChecks } from '../crds/callflow/read-node.ts';
import { fault, PivotError } from '../crds/errors/fault.ts';
import { routingCodes } from '../crds/errors/routing.ts';
import type { CompiledMedia, RoutingTable, SecretValues } from '../crds/routing-table.ts';
import type { Logger } from '../runtime/log.ts';
import { CallHandler } from './call/handler.ts';
import { unlessAborted } from './call/waiting.ts';
import { type Background, createBackground } from './callflow/background.ts';
import { createPivotSession } from './callflow/pivot-session.ts';
import { RUN_MODULES } from './callflow/registry.ts';
import type { SoundLibrary } from './media/library.ts';
import { MediaServer } from './media/media-server.ts';
import type { Outgoing } from './outgoing/types.ts';
import { Router } from './routing/router.ts';
import { connectSignalling, type Signalling } from './sip/signalling.ts';
import { type CallMetrics, createCallMetrics } from './telemetry/metrics.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

export interface MediaWorkerOptions {
  readonly drachtio: ServerAddress;
  readonly freeswitch: ServerAddress;
  /** Address on which FreeSWITCH reaches the worker for its outbound event sockets. */
  readonly eventSocketAddress: string;
  readonly outgoing: Outgoing;
  readonly sounds: SoundLibrary;
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly log: Logger;
  readonly maxCalls: number;
  readonly language: string;
  readonly allowLoopbackUrls: boolean;
  readonly debugUrl?: (account: string, callId: string) => string;
}

export interface MediaWorker {
  /** SIP addresses that callers reach, as drachtio-server says them. */
  readonly sipAddresses: readonly string[];
  readonly activeCalls: number;
  /** Takes a new table whole; calls in progress keep what they started with. */
  setTable(table: RoutingTable, secrets: SecretValues): void;
  readonly tableVersion: string | undefined;
  /** The sound that has this name in an account, by the present table; for the library's `resolveMedia`. */
  media(account: string, name: string): CompiledMedia | undefined;
  readonly numbers: number;
  /** Ready = table loaded, drachtio and FreeSWITCH connected, not draining. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Refuses new calls, waits for those in progress at most `limitMs`, then hangs up the rest. */
  drain(limitMs: number): Promise<void>;
  /** Hangs up what is left and closes the connections. */
  close(): Promise<void>;
}

/** Requests of `webhook` actions and CDRs that may be under way at once. */
const MOST_BACKGROUND = 500;
const BACKGROUND_DRAIN_MS = 5000;

/** Starts a media worker; resolves when drachtio-server and FreeSWITCH answer. `signal` gives up the attempt. */
export async function startMediaWorker(options: MediaWorkerOptions, signal: AbortSignal): Promise<MediaWorker> {
  const { log, meter } = options;
  let router: Router | undefined;
  let secrets: SecretValues = new Map();
  let media: MediaServer | undefined;
  const background: Background = createBackground(MOST_BACKGROUND);
  prepareChecks(RUN_MODULES);

  const signalling: Signalling = connectSignalling({
    ...options.drachtio,
    log,
    onInvite: (request, response) => handler.handle(request, response),
    accepting: () => readiness().ready,
    onConnectionChange: (connected) => {
      if (!connected) handler.signallingLost();
    },
  });
  const metrics: CallMetrics = createCallMetrics(meter, {
    activeCalls: () => handler.activeCalls,
    numbers: () => router?.numberCount ?? 0,
  });
  const handler: CallHandler = new CallHandler({
    signalling: signalling.client,
    resources: { media: connectedMedia, sounds: options.sounds },
    router: () => router,
    tracer: options.tracer,
    log,
    metrics: () => metrics,
    maxCalls: options.maxCalls,
    language: options.language,
    ...(options.debugUrl === undefined ? {} : { debugUrl: options.debugUrl }),
    services: (call, table) => {
      const pivot = createPivotSession({ call, outgoing: options.outgoing, background, metrics, log });
      return {
        services: {
          callflow: (account, name) => table.callflow(account, name),
          secrets,
          outgoing: options.outgoing,
          pivot,
          background,
          allowLoopbackUrls: options.allowLoopbackUrls,
        },
        end: (end) => pivot.end(end),
      };
    },
  });

  function connectedMedia(): MediaServer {
    if (media === undefined)
      throw new PivotError(fault(routingCodes.mediaUnavailable, 'FreeSWITCH is not connected yet'));
    return media;
  }

  function readiness(): { ready: boolean; reasons: string[] } {
    const reasons = [
      ...(router === undefined ? ['no routing table yet'] : []),
      ...(signalling.connected ? [] : ['drachtio-server is not connected']),
      ...(media?.connected === true ? [] : ['FreeSWITCH is not connected']),
      ...(handler.draining ? ['draining'] : []),
    ];
    return { ready: reasons.length === 0, reasons };
  }

  try {
    await unlessAborted(signalling.ready, signal);
    media = await MediaServer.connect({
      ...options.freeswitch,
      listenAddress: options.eventSocketAddress,
      signalling: signalling.client,
      log,
      signal,
    });
  } catch (error) {
    signalling.close();
    throw error;
  }

  return {
    sipAddresses: signalling.addresses,
    get activeCalls() {
      return handler.activeCalls;
    },
    get tableVersion() {
      return router?.version;
    },
    get numbers() {
      return router?.numberCount ?? 0;
    },
    setTable(table, values) {
      router = new Router(table);
      secrets = values;
    },
    media: (account, name) => router?.media(account, name),
    readiness,
    async drain(limitMs) {
      await handler.drain(limitMs);
      await background.drain(BACKGROUND_DRAIN_MS);
    },
    async close() {
      handler.hangUpAll('NORMAL_TEMPORARY_FAILURE');
      await handler.drain(0);
      await background.drain(0);
      media?.close();
      signalling.close();
    },
  };
}
