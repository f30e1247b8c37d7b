/** Starts both stand-ins and the sound in the current thread. */

import { isMainThread } from 'node:worker_threads';
import { fault, faultOf, PivotError } from '../../crds/errors/fault.ts';
import { softswitchCodes } from '../../crds/errors/softswitch.ts';
import { startDrachtio } from './drachtio/server.ts';
import { startFreeswitch } from './freeswitch/freeswitch.ts';
import { createRtpPorts } from './rtp/ports.ts';
import type { SoftswitchAddresses, SoftswitchSettings, SoftswitchStatistics } from './thread-messages.ts';

type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

export interface Running {
  readonly addresses: SoftswitchAddresses;
  statistics(): SoftswitchStatistics;
  close(): Promise<void>;
}

const MAX_SESSIONS = 1000;
const HEARTBEAT_MS = 20_000;

/** The same for every wildcard: the SIP side of FreeSWITCH is for drachtio alone, on this machine. */
const INTERNAL_HOST = '127.0.0.1';

export async function run(settings: SoftswitchSettings, log: Log): Promise<Running> {
  const { sip, admin, esl } = settings;
  const started: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of started.splice(0).toReversed()) await close();
  };
  try {
    const rtp = createRtpPorts({
      host: settings.rtp.host,
      range: [settings.rtp.from, settings.rtp.to],
      ...(settings.externalAddress === undefined ? {} : { external: settings.externalAddress }),
      onError: (error) => log('error', 'sound', { error: String(error) }),
    });
    started.push(() => rtp.close());
    await opening(
      () => ['--rtp', `${settings.rtp.host}:${settings.rtp.from}`],
      async () => (await rtp.open()).close(),
    );
    const freeswitch = await opening(
      () => ['the port of the event socket', `${esl.host}:${esl.port}`],
      () =>
        startFreeswitch({
          esl,
          sip: { host: INTERNAL_HOST, port: 0 },
          rtp,
          heartbeatMs: settings.heartbeatMs ?? HEARTBEAT_MS,
          maxSessions: settings.maxSessions ?? MAX_SESSIONS,
          log,
        }),
    );
    started.push(() => freeswitch.close());
    const drachtio = await opening(drachtioPort(settings), () =>
      startDrachtio({
        admin,
        secret: admin.secret,
        sip: {
          host: sip.host,
          port: sip.port,
          transports: sip.transports ?? ['udp', 'tcp'],
          // Everybody but the FreeSWITCH beside it.
          externalFor: ({ address, port }) =>
            address === INTERNAL_HOST && port === freeswitch.sipPort ? undefined : settings.externalAddress,
        },
        log,
      }),
    );
    started.push(() => drachtio.close());
    let closing: Promise<void> | undefined;
    return {
      addresses: {
        sipHost: sip.host,
        sipPort: drachtio.udpPort,
        tcpPort: drachtio.tcpPort,
        adminPort: drachtio.adminPort,
        eslPort: freeswitch.eslPort,
      },
      statistics: () => ({
        sessions: freeswitch.sessions,
        conferences: freeswitch.conferences,
        connections: freeswitch.connections,
        dialogs: drachtio.activeDialogs,
        transactions: drachtio.activeTransactions,
        rtp: { inUse: rtp.inUse, capacity: rtp.capacity, ...freeswitch.packets() },
        cpuMs: cpuMs(),
        heapBytes: process.memoryUsage().heapUsed,
      }),
      close() {
        closing ??= closeAll();
        return closing;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function cpuMs(): number {
  const { user, system } = isMainThread ? process.cpuUsage() : process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The system's error behind a rejection, which may be wrapped. */
function systemCode(error: unknown): string | undefined {
  for (let it = error; it instanceof Error; it = it.cause) {
    if ('code' in it && typeof it.code === 'string') return it.code;
  }
  return undefined;
}

/** What to change, and the address that could not be opened. */
type Blame = (error: unknown) => readonly [option: string, address: string];

/** drachtio opens two kinds of ports; its error says which one failed. */
function drachtioPort({ sip, admin }: SoftswitchSettings): Blame {
  return (error) =>
    error instanceof Error && error.message.includes('control port')
      ? ['the port of the drachtio control protocol', `${admin.host}:${admin.port}`]
      : ['--sip', `${sip.host}:${sip.port}`];
}

/** Opens a port; a failure becomes one line that names the address and what to change. */
async function opening<T>(blame: Blame, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const [option, address] = blame(error);
    switch (systemCode(error)) {
      case 'EADDRINUSE':
        throw new PivotError(
          fault(softswitchCodes.portInUse, `${address} is in use; choose another address with ${option}`),
          { cause: error },
        );
      case 'EADDRNOTAVAIL':
      case 'EACCES':
      case 'ENOTFOUND':
        throw new PivotError(
          fault(
            softswitchCodes.addressUnusable,
            `${address} cannot be listened on (${systemCode(error)}); see ${option}`,
          ),
          { cause: error },
        );
      default:
        throw new PivotError(faultOf(error, softswitchCodes.startFailed), { cause: error });
    }
  }
}
