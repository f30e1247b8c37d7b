import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { formatFault, PivotError } from '../crds/errors/fault.ts';
import { kubeCodes } from '../crds/errors/kube.ts';
import { observeOperator } from '../operator/controller/metrics.ts';
import { Operator } from '../operator/controller/operator.ts';
import { createKubeApi } from '../operator/kube/api.ts';
import { systemClock } from '../operator/kube/clock.ts';
import { createConnection } from '../operator/kube/connection.ts';
import { loadKubeConfig } from '../operator/kube/credentials.ts';
import { ELECTION_TIMING } from '../operator/kube/leader-elector.ts';
import { KubeTransport } from '../operator/kube/transport.ts';
import { type HttpServer, startHttpServer } from '../runtime/http-server.ts';
import { createLogger, type Logger, type LogLevel } from '../runtime/log.ts';
import { onStopSignals } from '../runtime/stop-signals.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { PRODUCT, PRODUCT_VERSION } from '../runtime/version.ts';
import { listening } from './listening.ts';
import type { HostPort } from './options.ts';
import { observeProcess } from './process-metrics.ts';

export interface OperatorCommandOptions {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly identity?: string;
  readonly http: HostPort;
  readonly baseDomain?: string;
  readonly defaultAccount: string;
  readonly allowLoopbackUrls?: boolean;
  readonly leaderElection: 'on' | 'off';
  readonly log: LogLevel;
}

/** `pivot operator`: from the resources of a cluster to the routing table, until a signal ends it or it no longer leads. Resolves with the exit code. */
export async function runOperator(options: OperatorCommandOptions): Promise<number> {
  const log = createLogger({ level: options.log });
  const stop = onStopSignals();
  const connection = createConnection(
    loadKubeConfig(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    systemClock,
  );
  const transport = new KubeTransport({ connection, userAgent: `${PRODUCT}-operator/${PRODUCT_VERSION}` });
  const namespace = options.namespace ?? transport.namespace ?? 'default';
  // A container that was restarted is another process in the same pod, and must not be taken for the one before.
  const identity = `${options.identity ?? hostname()}_${randomBytes(4).toString('hex')}`;
  const operator = new Operator({
    api: createKubeApi(transport),
    namespace,
    identity,
    election: options.leaderElection === 'on' ? ELECTION_TIMING : undefined,
    settings: {
      defaultAccount: options.defaultAccount,
      ...(options.baseDomain === undefined ? {} : { baseDomain: options.baseDomain }),
      allowLoopbackUrls: options.allowLoopbackUrls === true,
    },
    onElected: () => console.log(`leading: ${identity}`),
    onError: (error) => report(log, error),
    clock: systemClock,
    random: Math.random,
  });
  const telemetry = createTelemetry({ serviceName: 'pivot-operator', env: process.env });
  observeProcess(telemetry.meter);
  observeOperator(telemetry.meter, operator);
  let http: HttpServer | undefined;
  try {
    http = await listening('--http', options.http, () =>
      startHttpServer({
        ...options.http,
        log,
        readiness: () => operator.readiness(),
        metrics: () => telemetry.prometheus(),
      }),
    );
    console.log(`started: http ${http.url} api server ${transport.server} namespace ${namespace} identity ${identity}`);
    const ready = operator.start().then((synced) => {
      if (synced) console.log(`ready: ${operator.latest().table.routes.length} routes`);
      return stop.wait();
    });
    await Promise.race([ready, stop.wait(), operator.failed]);
    console.log('stopping');
    return 0;
  } catch (error) {
    if (!(error instanceof PivotError)) throw error;
    console.error(formatFault(error.fault));
    return 1;
  } finally {
    await Promise.race([operator.stop(), stop.second]);
    stop.dispose();
    await http?.close();
    await telemetry.shutdown();
    await transport.close();
  }
}

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
