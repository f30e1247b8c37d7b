import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cliCodes } from '../crds/errors/cli.ts';
import { fault, formatFault, PivotError } from '../crds/errors/fault.ts';
import { createSoundLibrary, type SoundLibrary, type SoundLibraryOptions } from '../media-worker/media/library.ts';
import { createOutgoing } from '../media-worker/outgoing/client.ts';
import type { Outgoing } from '../media-worker/outgoing/types.ts';
import { registerDebugApi } from '../media-worker/telemetry/debug-api.ts';
import { TraceStore } from '../media-worker/telemetry/trace-store.ts';
import { type MediaWorker, startMediaWorker } from '../media-worker/worker.ts';
import { type HttpServer, startHttpServer } from '../runtime/http-server.ts';
import { createLogger, type LogLevel } from '../runtime/log.ts';
import { onStopSignals } from '../runtime/stop-signals.ts';
import { createTelemetry, type Telemetry } from '../runtime/telemetry.ts';
import { listening } from './listening.ts';
import { type ManifestSource, watchManifests } from './manifests.ts';
import { type MediaServerOptions, mediaServers } from './media-servers.ts';
import type { HostPort } from './options.ts';
import { printTimelines } from './print-timelines.ts';
import { observeProcess } from './process-metrics.ts';
import { Running } from './running.ts';

export interface UpOptions extends MediaServerOptions {
  readonly http: HostPort;
  readonly eventSocketAddress: string;
  readonly otlp?: string;
  readonly data: string;
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
      processors: [store],
      ...(options.otlp === undefined ? {} : { otlpUrl: options.otlp }),
    }),
    (started) => started.shutdown(),
  );
  const outgoing: Outgoing = running.add(createHttpClient(options), (started) => started.close());
  let worker: MediaWorker | undefined;
  const sounds: SoundLibrary = running.add(
    createSounds(options, outgoing, (account, id) => worker?.media(account, id)),
    (started) => started.close(),
  );
  await sounds.open();

  const http: HttpServer = running.add(
    await listening('--http', options.http, () =>
      startHttpServer({
        ...options.http,
        log,
        readiness: () => worker?.readiness() ?? { ready: false, reasons: ['starting'] },
        metrics: () => telemetry.prometheus(),
        routes: (server) => registerDebugApi(server, { store, node: NODE_NAME }),
      }),
    ),
    (started) => started.close(),
  );

  observeProcess(telemetry.meter);
  const { servers, failed } = await mediaServers(options, running, telemetry, log);
  worker = running.add(
    await startMediaWorker(
      {
        ...servers,
        eventSocketAddress: options.eventSocketAddress,
        outgoing,
        sounds,
        tracer: telemetry.tracer,
        meter: telemetry.meter,
        log,
        maxCalls: options.maxCalls,
        language: 'en-us',
        allowLoopbackUrls: true,
        debugUrl: (account, callId) =>
          `${http.url}/v2/accounts/${encodeURIComponent(account)}/pivot/debug/${encodeURIComponent(callId)}`,
      },
      signal,
    ),
    (started) => started.close(),
  );
  const taker = worker;
  manifests.onTable((table, secrets) => taker.setTable(table, secrets));

  console.log(announcement(worker, http, telemetry, options));
  console.log(
    `ready: sip ${worker.sipAddresses.map(plainAddress).join(' ')} http ${http.url} numbers ${worker.numbers}`,
  );
  return { worker, failed };
}

function createSounds(
  options: UpOptions,
  outgoing: Outgoing,
  resolveMedia: NonNullable<SoundLibraryOptions['resolveMedia']>,
): SoundLibrary {
  const folder = resolve(join(options.data, 'sounds'));
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PivotError(fault(cliCodes.badOption, `--data: ${folder} cannot be made: ${reason}`));
  }
  return createSoundLibrary({ folder, outgoing, resolveMedia });
}

/** On one's own machine webhooks are on loopback, so private addresses are allowed unless `--deny private` says otherwise. */
function createHttpClient({ deny, allow }: UpOptions): Outgoing {
  const policy = { allowPrivate: !deny.includes('private'), allow, deny: deny.filter((entry) => entry !== 'private') };
  try {
    return createOutgoing({ policy });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PivotError(fault(cliCodes.badOption, `--deny or --allow: ${error.message}`));
  }
}

/** `udp/127.0.0.1:5060` as people write it. */
function plainAddress(hostport: string): string {
  return hostport.replace('/', ':');
}

function announcement(worker: MediaWorker, http: HttpServer, telemetry: Telemetry, options: UpOptions): string {
  const lines = [
    `numbers ${worker.numbers}, table ${worker.tableVersion}`,
    `debug log ${http.url}/v2/accounts/default/pivot/debug`,
    options.deny.includes('private')
      ? 'webhooks: loopback and private addresses are refused (--deny private)'
      : 'webhooks: loopback and private addresses are allowed here (--deny private refuses them)',
    ...(telemetry.exportsTo === undefined ? [] : [`traces go to ${telemetry.exportsTo}`]),
  ];
  return lines.join('\n');
}
