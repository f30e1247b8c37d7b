import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cliCodes } from '../crds/errors/cli.ts';
import { fault, formatFault, PivotError } from '../crds/errors/fault.ts';
import type { FleetSettings, SecretValues } from '../crds/routing-table.ts';
import { STREAM_PATH, type WorkerState } from '../crds/stream.ts';
import type { DigestOffer } from '../media-worker/admission/digest.ts';
import type { InboundMode } from '../media-worker/admission/inbound-mode.ts';
import type { AddressPolicyOptions } from '../media-worker/outgoing/policy.ts';
import type { Outgoing } from '../media-worker/outgoing/types.ts';
import type { Recordings } from '../media-worker/recordings/recordings.ts';
import { registerRecordings } from '../media-worker/recordings/serve.ts';
import type { Router } from '../media-worker/routing/router.ts';
import { TableClient } from '../media-worker/routing/table-client/table-client.ts';
import { HealthTally } from '../media-worker/webhook/health-tally.ts';
import { type MediaWorker, startMediaWorker } from '../media-worker/worker.ts';
import { systemClock } from '../runtime/clock.ts';
import { startHttpServer } from '../runtime/http-server.ts';
import { createLogger, type Logger, type LogLevel } from '../runtime/log.ts';
import { onStopSignals } from '../runtime/stop-signals.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { PRODUCT_VERSION } from '../runtime/version.ts';
import { listening } from './listening.ts';
import { type MediaServerOptions, mediaServers } from './media-servers.ts';
import type { HostPort, Seconds } from './options.ts';
import { observeProcess, observeTableClient } from './process-metrics.ts';
import { Running } from './running.ts';
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

export interface MediaWorkerCommandOptions extends MediaServerOptions, RecordingOptions, StoreOptions {
  readonly operator: string;
  readonly operatorCa?: string;
  readonly operatorToken?: string;
  readonly name?: string;
  readonly node?: string;
  readonly data: string;
  readonly sounds?: string;
  readonly snapshots?: string;
  readonly http: HostPort;
  readonly eventSocketAddress: string;
  readonly otlp?: string;
  readonly inbound: InboundMode;
  readonly digest: DigestOffer;
  readonly registrations: Seconds;
  readonly maxCalls?: number;
  readonly deny: readonly string[];
  readonly allow: readonly string[];
  readonly allowLoopbackUrls?: boolean;
  readonly grace: number;
  readonly drainDelay: number;
  readonly log: LogLevel;
}

/** Calls at once where nobody says anything else. */
const MAX_CALLS = 200;

/** `pivot media-worker`: takes calls by the routing table of an operator, until a signal ends it. Resolves with the exit code. */
export async function runMediaWorker(options: MediaWorkerCommandOptions): Promise<number> {
  if ((options.drachtio === undefined) !== (options.freeswitch === undefined)) {
    throw new PivotError(fault(cliCodes.badOption, 'Give both --drachtio and --freeswitch, or neither'));
  }
  const running = new Running();
  const stop = onStopSignals();
  try {
    const { worker, failed } = await start(options, running, stop.requested);
    const { promise: refused, reject } = Promise.withResolvers<never>();
    worker.started.catch(reject);
    await Promise.race([stop.wait(), failed, refused]);
    await Promise.race([retire(worker, options), stop.second]);
    return 0;
  } catch (error) {
    if (stop.requested.aborted) return 0;
    if (!(error instanceof PivotError)) throw error;
    console.error(formatFault(error.fault));
    return 1;
  } finally {
    stop.dispose();
    await running.stop();
  }
}

/** Not ready at once; whoever has not heard of it yet is served for a while; then no new calls, and those in progress have their time. */
async function retire(worker: MediaWorker, { drainDelay, grace }: MediaWorkerCommandOptions): Promise<void> {
  worker.retire();
  console.log(`stopping: ${worker.activeCalls} calls in progress; a second signal ends them at once`);
  await delay(drainDelay);
  await worker.drain(grace);
}

interface Started {
  readonly worker: MediaWorker;
  readonly failed: Promise<never>;
}

async function start(options: MediaWorkerCommandOptions, running: Running, signal: AbortSignal): Promise<Started> {
  const log = createLogger({ level: options.log });
  const name = options.name ?? hostname();
  const telemetry = running.add(
    createTelemetry({
      serviceName: 'pivot-media-worker',
      env: process.env,
      news: traceNews(log),
      ...(options.otlp === undefined ? {} : { otlpUrl: options.otlp }),
    }),
    (started) => started.shutdown(),
  );
  observeProcess(telemetry.meter);
  let worker: MediaWorker | undefined;
  let recordings: Recordings | undefined;
  const readiness = () => worker?.readiness() ?? { ready: false, reasons: ['starting'] };
  const http = running.add(
    await listening('--http', options.http, () =>
      startHttpServer({
        ...options.http,
        log,
        readiness,
        metrics: () => telemetry.prometheus(),
        routes: (server) => registerRecordings(server, () => recordings),
      }),
    ),
    (started) => started.close(),
  );
  console.log(`started: http ${http.url} name ${name}`);
  const outgoing = running.add(createHttpClient(policyOf(options, undefined)), (started) => started.close());
  const sounds = running.add(
    createSounds(options.sounds ?? join(options.data, 'sounds'), outgoing, (account, id) => worker?.media(account, id)),
    (started) => started.close(),
  );
  await sounds.open();
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

  let latest: { readonly router: Router; readonly secrets: SecretValues } | undefined;
  const maxCalls = (): number => options.maxCalls ?? latest?.router.table.fleet?.callsPerWorker ?? MAX_CALLS;
  const health = new HealthTally(Date.now);
  const follow = followPolicy(options, outgoing, log);
  const table = running.add(
    new TableClient({
      url: `${options.operator.replace(/\/+$/, '')}${STREAM_PATH}`,
      credentials: () => credentials(options),
      self: {
        worker: name,
        node: options.node ?? '',
        epoch: randomBytes(8).toString('hex'),
        build: PRODUCT_VERSION,
        capacity: maxCalls(),
      },
      use: (router, secrets) => {
        latest = { router, secrets };
        follow(router.table.fleet);
        worker?.use(router, secrets);
      },
      state: () => stateOf(worker),
      health: () => health.take(),
      file: join(options.data, 'table.gz'),
      ...(options.snapshots === undefined ? {} : { snapshotFolder: options.snapshots }),
      log,
      clock: systemClock,
      random: Math.random,
    }),
    (started) => started.stop(),
  );
  observeTableClient(telemetry.meter, table);
  table.start();

  const shared = running.add(await openStore(options, log), (opened) => opened.close());
  const { servers, failed } = await mediaServers(options, running, telemetry, log);
  let lastSaid = '';
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
        maxCalls,
        health,
        language: 'en-us',
        inbound: options.inbound,
        digest: options.digest,
        registrations: options.registrations,
        store: shared,
        ...peerAddressOf(options),
        name,
        allowLoopbackUrls: options.allowLoopbackUrls === true,
        onChange: () => {
          const { ready, reasons } = readiness();
          const said = ready ? 'ready' : `not ready: ${reasons.join('; ')}`;
          if (said === lastSaid) return;
          lastSaid = said;
          // The number of calls is told now and then; this cannot wait.
          table.stateChanged();
          const addresses = worker?.sipAddresses.map((one) => one.replace('/', ':')).join(' ');
          console.log(ready ? `ready: sip ${addresses} http ${http.url} numbers ${worker?.numbers}` : said);
        },
      },
      signal,
    ),
    (started) => started.close(),
  );
  if (latest !== undefined) worker.use(latest.router, latest.secrets);
  return { worker, failed };
}

/** Addresses that may be asked. In a pod the media servers' control ports are on loopback, so that is opened only network by network. */
function policyOf(options: MediaWorkerCommandOptions, fleet: FleetSettings | undefined): AddressPolicyOptions {
  const { allowPrivate, allow, deny } = fleet?.outgoing ?? { allowPrivate: true, allow: [], deny: [] };
  return addressPolicy(options, { allowPrivate, allow, deny, allowLoopback: false });
}

/** Puts in force what the fleet says of outgoing requests, whenever it says something else. */
function followPolicy(
  options: MediaWorkerCommandOptions,
  outgoing: Outgoing,
  log: Logger,
): (fleet: FleetSettings | undefined) => void {
  let known = JSON.stringify(undefined);
  return (fleet) => {
    const said = JSON.stringify(fleet?.outgoing);
    if (said === known) return;
    known = said;
    try {
      outgoing.setPolicy(policyOf(options, fleet));
      log.info({ outgoing: fleet?.outgoing }, 'the address policy of the fleet is in force');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ code: cliCodes.badOption.code }, `spec.outgoing of the PivotFleet: ${reason}; the one before stays`);
    }
  };
}

function stateOf(worker: MediaWorker | undefined): WorkerState {
  if (worker === undefined) return { ready: false, draining: false, activeCalls: 0, reasons: ['starting'] };
  return { ...worker.readiness(), draining: worker.draining, activeCalls: worker.activeCalls };
}

/** Both files are renewed while the worker runs: the token by the kubelet, the certificate by whoever issues it. */
async function credentials({ operatorToken, operatorCa }: MediaWorkerCommandOptions) {
  const token = operatorToken === undefined ? 'none' : (await readFile(operatorToken, 'utf8')).trim();
  return { token, ...(operatorCa === undefined ? {} : { ca: await readFile(operatorCa) }) };
}
