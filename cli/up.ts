import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { cliCodes } from '../crds/errors/cli.ts';
import { fault, formatFault, PivotError } from '../crds/errors/fault.ts';
import { registerLocalDebugApi } from '../debug/api/debug-api.ts';
import { TraceStore } from '../debug/trace-store.ts';
import type { DigestOffer } from '../media-worker/admission/digest.ts';
import type { InboundMode } from '../media-worker/admission/inbound-mode.ts';
import type { SoundLibrary } from '../media-worker/media/library.ts';
import type { Outgoing } from '../media-worker/outgoing/types.ts';
import type { Recordings } from '../media-worker/recordings/recordings.ts';
import { registerRecordings } from '../media-worker/recordings/serve.ts';
import { Router } from '../media-worker/routing/router.ts';
import { type MediaWorker, startMediaWorker } from '../media-worker/worker.ts';
import { type HttpServer, startHttpServer } from '../runtime/http-server.ts';
import { createLogger, type LogLevel } from '../runtime/log.ts';
import { onStopSignals } from '../runtime/stop-signals.ts';
import { createTelemetry, type Telemetry } from '../runtime/telemetry.ts';
import { PRODUCT_VERSION } from '../runtime/version.ts';
import { callflowsOf } from './callflow-views.ts';
import { listening } from './listening.ts';
import { type ManifestSource, watchManifests } from './manifests.ts';
import { type MediaServerOptions, mediaServers } from './media-servers.ts';
import { type HostPort, hostPort, type Seconds } from './options.ts';
import { printTimelines } from './print-timelines.ts';
import { observeProcess } from './process-metrics.ts';
import { Running } from './running.ts';
import { PageCalls } from './test-calls.ts';
import { traceNews } from './trace-news.ts';
import {
  addressPolicy,
  createHttpClient,
  createSounds,
  openRecordings,
  openStore,
  peerAddressOf,
  type RecordingOptions,
  type StoreOptions,
} from './worker-parts.ts';

export interface UpOptions extends MediaServerOptions, RecordingOptions, StoreOptions {
  readonly http: HostPort;
  readonly httpName: readonly string[];
  readonly eventSocketAddress: string;
  readonly otlp?: string;
  readonly data: string;
  readonly inbound: InboundMode;
  readonly digest: DigestOffer;
  readonly registrations: Seconds;
  readonly maxCalls: number;
  readonly deny: readonly string[];
  readonly allow: readonly string[];
  readonly grace: number;
  readonly log: LogLevel;
  readonly quiet?: boolean;
}

/** Calls whose traces are kept in memory. */
const KEPT_CALLS = 1000;
const NODE_NAME = 'pivot-up';

/** `pivot up`: everything on one machine, until a signal ends it. Resolves with the exit code. */
export async function up(paths: readonly string[], options: UpOptions): Promise<number> {
  if ((options.drachtio === undefined) !== (options.freeswitch === undefined)) {
    throw new PivotError(fault(cliCodes.badOption, 'Give both --drachtio and --freeswitch, or neither'));
  }
  const running = new Running();
  const stop = onStopSignals();
  try {
    const started = await start(paths, options, running, stop.requested);
    await Promise.race([stop.wait(), started.failed]);
    console.log(`stopping: ${started.worker.activeCalls} calls in progress; a second signal ends them at once`);
    await Promise.race([started.worker.drain(options.grace), stop.second]);
    return 0;
  } catch (error) {
    if (stop.requested.aborted) return 0;
    if (error instanceof PivotError) {
      console.error(formatFault(error.fault));
      return 1;
    }
    throw error;
  } finally {
    stop.dispose();
    await running.stop();
  }
}

interface Started {
  readonly worker: MediaWorker;
  readonly failed: Promise<never>;
}

async function start(
  paths: readonly string[],
  options: UpOptions,
  running: Running,
  signal: AbortSignal,
): Promise<Started> {
  const log = createLogger({ level: options.log });
  const store = new TraceStore(KEPT_CALLS);
  // First of all, so that it stops last: the calls that are ended at the stop have last lines too.
  if (options.quiet !== true)
    running.add(
      printTimelines(store, (line) => console.log(line)),
      (stop) => stop(),
    );
  const manifests: ManifestSource = running.add(
    await watchManifests(paths, { fault: (line) => console.error(line), note: (line) => console.log(line) }),
    (source) => source.close(),
  );
  const telemetry: Telemetry = running.add(
    createTelemetry({
      serviceName: 'pivot',
      env: process.env,
      news: traceNews(log),
      processors: [store],
      ...(options.otlp === undefined ? {} : { otlpUrl: options.otlp }),
    }),
    (started) => started.shutdown(),
  );
  const outgoing: Outgoing = running.add(createHttpClient(addressPolicy(options, { allowPrivate: true })), (started) =>
    started.close(),
  );
  let worker: MediaWorker | undefined;
  let recordings: Recordings | undefined;
  const sounds: SoundLibrary = running.add(
    createSounds(join(options.data, 'sounds'), outgoing, (account, id) => worker?.media(account, id)),
    (started) => started.close(),
  );
  await sounds.open();
  const pageCalls = running.add(new PageCalls(() => sipOf(worker)), (calls) => calls.close());

  const http: HttpServer = running.add(
    await listening('--http', options.http, () =>
      startHttpServer({
        ...options.http,
        log,
        readiness: () => worker?.readiness() ?? { ready: false, reasons: ['starting'] },
        metrics: () => telemetry.prometheus(),
        routes: (server) => {
          const endLive = registerLocalDebugApi(server, {
            store,
            node: NODE_NAME,
            version: PRODUCT_VERSION,
            callflows: callflowsOf(manifests, () => worker?.tableVersion),
            testCalls: pageCalls,
            names: [options.http.host, ...options.httpName],
          });
          server.addHook('onClose', async () => endLive());
          registerRecordings(server, () => recordings);
        },
      }),
    ),
    (started) => started.close(),
  );

  recordings = running.add(
    await openRecordings(options, http, {
      outgoing,
      tracer: telemetry.tracer,
      meter: telemetry.meter,
      log,
      settingsOf: (callflow) => worker?.webhookSettings(callflow),
    }),
    (opened) => opened.close(),
  );
  observeProcess(telemetry.meter);
  const shared = running.add(await openStore(options, log), (opened) => opened.close());
  const { servers, failed } = await mediaServers(options, running, telemetry, log);
  worker = running.add(
    startMediaWorker(
      {
        ...servers,
        eventSocketAddress: options.eventSocketAddress,
        outgoing,
        sounds,
        recordings,
        tracer: telemetry.tracer,
        meter: telemetry.meter,
        log,
        maxCalls: () => options.maxCalls,
        language: 'en-us',
        inbound: options.inbound,
        digest: options.digest,
        registrations: options.registrations,
        store: shared,
        ...peerAddressOf(options),
        // Several on one machine may share a store.
        name: `${NODE_NAME}-${randomUUID()}`,
        allowLoopbackUrls: true,
        debugUrl: (account, callId) =>
          `${http.url}/v2/accounts/${encodeURIComponent(account)}/pivot/debug/${encodeURIComponent(callId)}`,
      },
      signal,
    ),
    (started) => started.close(),
  );
  const taker = worker;
  await taker.started;
  manifests.onTable((table, secrets) => taker.use(new Router(table), secrets));

  console.log(announcement(worker, http, telemetry, options));
  console.log(
    `ready: sip ${worker.sipAddresses.map(plainAddress).join(' ')} http ${http.url} numbers ${worker.numbers}`,
  );
  return { worker, failed };
}

/** Where the page's test calls go: as phones do, over UDP. */
function sipOf(worker: MediaWorker | undefined): HostPort {
  const address = worker?.sipAddresses.find((one) => one.startsWith('udp/'));
  if (address === undefined)
    throw new PivotError(fault(cliCodes.callFailed, 'There is no SIP address over UDP that a test call could go to'));
  const { host, port } = hostPort(address.slice('udp/'.length));
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host, port };
}

/** `udp/127.0.0.1:5060` as people write it. */
function plainAddress(hostport: string): string {
  return hostport.replace('/', ':');
}

function announcement(worker: MediaWorker, http: HttpServer, telemetry: Telemetry, options: UpOptions): string {
  const lines = [
    `numbers ${worker.numbers}, table ${worker.tableVersion}`,
    `live debug ${http.url}/`,
    options.deny.includes('private')
      ? 'webhooks: loopback and private addresses are refused (--deny private)'
      : 'webhooks: loopback and private addresses are allowed here (--deny private refuses them)',
    ...(telemetry.exportsTo === undefined ? [] : [`traces go to ${telemetry.exportsTo}`]),
  ];
  return lines.join('\n');
}
