import { PivotError } from '../crds/errors/fault.ts';
import type { ServerAddress } from '../media-worker/worker.ts';
import type { Logger } from '../runtime/log.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { HostPort, PortRange } from './options.ts';
import { observeSoftswitch } from './process-metrics.ts';
import type { Running } from './running.ts';

export interface MediaServerOptions {
  readonly sip: HostPort;
  readonly rtp: PortRange;
  /** IP address that the softswitch tells callers; default: where it listens. */
  readonly externalAddress?: string;
  /** Both or neither. */
  readonly drachtio?: HostPort;
  readonly drachtioSecret: string;
  readonly freeswitch?: HostPort;
  readonly freeswitchSecret: string;
}

export interface MediaServers {
  readonly servers: { readonly drachtio: ServerAddress; readonly freeswitch: ServerAddress };
  /** Rejects when the softswitch has ended by itself; else never settles. */
  readonly failed: Promise<never>;
}

/** The real servers where they are given, else the softswitch. */
export async function mediaServers(
  options: MediaServerOptions,
  running: Running,
  telemetry: Telemetry,
  log: Logger,
): Promise<MediaServers> {
  const { drachtio, freeswitch, drachtioSecret, freeswitchSecret } = options;
  if (drachtio !== undefined && freeswitch !== undefined) {
    const servers = {
      drachtio: { ...drachtio, secret: drachtioSecret },
      freeswitch: { ...freeswitch, secret: freeswitchSecret },
    };
    return { servers, failed: new Promise(() => {}) };
  }
  const host = '127.0.0.1';
  // Loaded only where it is used.
  const { startSoftswitch } = await import('../media-worker/softswitch/softswitch.ts');
  const softswitch = running.add(
    await startSoftswitch({
      sip: { ...options.sip, transports: ['udp', 'tcp'] },
      admin: { host, port: 0, secret: drachtioSecret },
      esl: { host, port: 0, password: freeswitchSecret },
      rtp: options.rtp,
      ...(options.externalAddress === undefined ? {} : { externalAddress: options.externalAddress }),
      log: (level, message, fields) => log[level](fields ?? {}, message),
    }),
    (started) => started.close(),
  );
  observeSoftswitch(telemetry.meter, softswitch);
  const servers = {
    drachtio: { host, port: softswitch.adminPort, secret: drachtioSecret },
    freeswitch: { host, port: softswitch.eslPort, secret: freeswitchSecret },
  };
  const failed = softswitch.exited.then((reason) => {
    if (reason !== undefined) throw new PivotError(reason);
    return new Promise<never>(() => {});
  });
  failed.catch(() => {});
  return { servers, failed };
}
