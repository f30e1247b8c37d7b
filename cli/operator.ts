import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { cliCodes } from '../crds/errors/cli.ts';
import { fault, formatFault, PivotError } from '../crds/errors/fault.ts';
import { kubeCodes } from '../crds/errors/kube.ts';
import { applyFleet, readFleet, type WrittenFleet } from '../operator/controller/fleet-keeper.ts';
import { observeDistributor, observeOperator } from '../operator/controller/metrics.ts';
import { Operator } from '../operator/controller/operator.ts';
import type { Programming } from '../operator/controller/programming.ts';
import { Readers } from '../operator/controller/readers.ts';
import { Serving } from '../operator/controller/serving.ts';
import { TlsFolder } from '../operator/controller/tls-folder.ts';
import { createWorkerTokens } from '../operator/controller/worker-tokens.ts';
import { createKubeApi } from '../operator/kube/api.ts';
import { createConnection } from '../operator/kube/connection.ts';
import { loadKubeConfig } from '../operator/kube/credentials.ts';
import { ELECTION_TIMING } from '../operator/kube/leader-elector.ts';
import { KubeTransport } from '../operator/kube/transport.ts';
import { systemClock } from '../runtime/clock.ts';
import { type HttpServer, startHttpServer } from '../runtime/http-server.ts';
import { createLogger, type Logger, type LogLevel } from '../runtime/log.ts';
import { onStopSignals, type StopSignals } from '../runtime/stop-signals.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { PRODUCT, PRODUCT_VERSION } from '../runtime/version.ts';
import { listening } from './listening.ts';
import { OperatorDebug } from './operator-debug.ts';
import type { HostPort, ResourceName } from './options.ts';
import { observeProcess } from './process-metrics.ts';
import { Running } from './running.ts';
import { traceNews } from './trace-news.ts';

export interface OperatorCommandOptions {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly identity?: string;
  readonly pod?: string;
  readonly podSelector: string;
  readonly http: HostPort;
  readonly stream: HostPort;
  readonly streamTls?: string;
  readonly streamInsecure?: boolean;
  readonly streamAudience: string;
  readonly workerAccount?: ResourceName;
  readonly fleet: string;
  readonly fleetSpec?: string;
  readonly snapshotSecrets: string;
  readonly allowShrink?: boolean;
  readonly baseDomain?: string;
  readonly defaultAccount: string;
  readonly allowLoopbackUrls?: boolean;
  readonly leaderElection: 'on' | 'off';
  readonly jaeger?: string;
  readonly jaegerService: string;
  readonly log: LogLevel;
}

/** Said while the stream is being prepared; nobody asks before. */
const UNKNOWN: Programming = {
  print: '',
  gathering: true,
  of: (_callflow, observedGeneration) => ({
    condition: {
      type: 'Programmed',
      status: 'Unknown',
      reason: 'Pending',
      message: 'The operator is starting',
      observedGeneration,
    },
    passing: true,
  }),
};

/**
 * `pivot operator`: from the resources of a cluster to the routing table, and from there to the media workers, until a signal ends it or it no longer
 * leads. Resolves with the exit code.
 */
export async function runOperator(options: OperatorCommandOptions): Promise<number> {
  const log = createLogger({ level: options.log });
  const stop = onStopSignals();
  const running = new Running();
  try {
    const { ready, failed } = await start(options, running, log, stop);
    await Promise.race([ready.then(() => stop.wait()), stop.wait(), failed]);
    console.log('stopping');
    return 0;
  } catch (error) {
    if (stop.requested.aborted) return 0;
    if (!(error instanceof PivotError)) throw error;
    console.error(formatFault(error.fault));
    return 1;
  } finally {
    await Promise.race([running.stop(), stop.second]);
    stop.dispose();
  }
}

interface Started {
  readonly ready: Promise<void>;
  /** Rejects when it can no longer do its work. */
  readonly failed: Promise<never>;
}

async function start(
  options: OperatorCommandOptions,
  running: Running,
  log: Logger,
  stop: StopSignals,
): Promise<Started> {
  const { streamAudience: audience, workerAccount, stream } = options;
  const tls = await streamTls(options);
  const fleet = await fleetSpec(options);
  const connection = createConnection(
    loadKubeConfig(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    systemClock,
  );
  const transport = running.add(
    new KubeTransport({ connection, userAgent: `${PRODUCT}-operator/${PRODUCT_VERSION}` }),
    (started) => started.close(),
  );
  const telemetry = running.add(
    createTelemetry({ serviceName: 'pivot-operator', env: process.env, news: traceNews(log) }),
    (started) => started.shutdown(),
  );
  const namespace = options.namespace ?? transport.namespace ?? 'default';
  // A container that was restarted is another process in the same pod, and must not be taken for the one before.
  const identity = `${options.identity ?? options.pod ?? hostname()}_${randomBytes(4).toString('hex')}`;
  const parts = {
    api: createKubeApi(transport),
    namespace,
    onError: (error: unknown) => report(log, error),
    clock: systemClock,
    random: Math.random,
  };
  let serving: Serving | undefined;
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => {}); // Nobody need wait for it.
  const operator = new Operator({
    ...parts,
    identity,
    election: options.leaderElection === 'on' ? ELECTION_TIMING : undefined,
    settings: {
      defaultAccount: options.defaultAccount,
      ...(options.baseDomain === undefined ? {} : { baseDomain: options.baseDomain }),
      allowLoopbackUrls: options.allowLoopbackUrls === true,
    },
    allowShrink: options.allowShrink === true,
    fleet: options.fleet,
    programming: () => serving?.programming ?? UNKNOWN,
    onFleet: () => serving?.changed(),
    onElected: () => {
      console.log(`leading: ${identity}`);
      listening('--stream', stream, () => serving!.start()).then(
        ({ port }) => console.log(`serving: ${tls === undefined ? 'ws' : 'wss'}://${stream.host}:${port}`),
        fail,
      );
    },
  });
  observeProcess(telemetry.meter);
  observeOperator(telemetry.meter, operator);
  const debug = running.add(
    new OperatorDebug({
      operator,
      readers: new Readers(parts),
      jaeger: options.jaeger,
      jaegerService: options.jaegerService,
    }),
    (started) => started.close(),
  );
  const http: HttpServer = running.add(
    await listening('--http', options.http, () =>
      startHttpServer({
        ...options.http,
        log,
        readiness: () => operator.readiness(),
        metrics: () => telemetry.prometheus(),
        routes: (server) => debug.register(server),
      }),
    ),
    (started) => started.close(),
  );
  console.log(`started: http ${http.url} api server ${transport.server} namespace ${namespace} identity ${identity}`);
  // Before the stream, so that it stops after it: nobody else leads while this one serves.
  running.add(operator, (started) => started.stop());
  serving = running.add(
    await Serving.create(
      operator,
      {
        ...parts,
        ...stream,
        tls,
        authenticate:
          workerAccount === undefined
            ? async () => ({ worker: undefined })
            : createWorkerTokens({ ...parts, audience, account: workerAccount }),
        pod: options.pod === undefined ? undefined : { name: options.pod, selector: options.podSelector },
        snapshotPrefix: options.snapshotSecrets === 'off' ? undefined : options.snapshotSecrets,
        onFault: ({ code, message }) => log.warn({ code }, message),
      },
      stop.requested,
    ),
    (started) => started.stop(),
  );
  observeDistributor(telemetry.meter, serving.distributor);
  const applied = fleet === undefined ? Promise.resolve() : applyFleet(fleet, parts, stop.requested);
  const started = applied.then(() => operator.start());
  const ready = started.then((synced) => {
    if (synced) console.log(`ready: ${operator.latest().table.routes.length} routes`);
  });
  operator.failed.catch(fail);
  return { ready, failed };
}

async function fleetSpec({ fleetSpec: file }: OperatorCommandOptions): Promise<WrittenFleet | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new PivotError(fault(cliCodes.badOption, `--fleet-spec: ${file} cannot be read: ${error.message}`));
  });
  return readFleet(text, file);
}

/** Tokens and secret values travel on the stream, so it has TLS; without, and without tokens, only for trying out on one machine. */
async function streamTls({
  streamTls,
  streamInsecure,
  stream,
  workerAccount,
}: OperatorCommandOptions): Promise<TlsFolder | undefined> {
  const refuse = (message: string): never => {
    throw new PivotError(fault(cliCodes.badOption, message));
  };
  if (streamInsecure === true) {
    if (streamTls !== undefined) refuse('--stream-insecure goes without --stream-tls');
    if (!LOOPBACK.has(stream.host)) refuse(`--stream-insecure needs a loopback address; --stream is ${stream.host}`);
    return undefined;
  }
  if (streamTls === undefined) return refuse('--stream-tls DIR is missing: the folder with tls.crt and tls.key');
  if (workerAccount === undefined) return refuse('--worker-account NAMESPACE/NAME is missing: whose tokens are let in');
  return TlsFolder.open(streamTls, systemClock);
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Everything that comes here is being dealt with. */
function report(log: Logger, error: unknown): void {
  if (error instanceof PivotError) {
    const { code, message } = error.fault;
    if (code === kubeCodes.handlerFailed.code) log.error({ code, err: error.cause ?? error }, message);
    else log.warn({ code }, message);
    return;
  }
  // A watch that breaks in the middle says so in the words of the socket.
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code === 'string')
    log.warn({ code: kubeCodes.unreachable.code }, `a connection broke: ${code} ${message}`);
  else log.error({ err: error }, 'something failed');
}
