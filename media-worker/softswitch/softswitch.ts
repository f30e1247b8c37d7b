/**
 * The softswitch: stand-ins for drachtio-server and FreeSWITCH on one machine, in a thread of their own, so that nothing the media
 * worker does delays a packet of sound. The only entry of this folder.
 */

import { Worker } from 'node:worker_threads';
import { type Fault, fault, faultOf, PivotError } from '../../crds/errors/fault.ts';
import { softswitchCodes } from '../../crds/errors/softswitch.ts';
import { type Running, run } from './run.ts';
import type {
  FromThread,
  SoftswitchAddresses,
  SoftswitchSettings,
  SoftswitchStatistics,
  ToThread,
} from './thread-messages.ts';

export type { SoftswitchAddresses, SoftswitchSettings, SoftswitchStatistics } from './thread-messages.ts';

export type SoftswitchLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;

export interface SoftswitchOptions extends SoftswitchSettings {
  readonly log?: SoftswitchLog;
  /** Run in this thread instead of one of its own: for tests. */
  readonly inline?: boolean;
}

export interface Softswitch extends SoftswitchAddresses {
  statistics(): Promise<SoftswitchStatistics>;
  /** Resolves when it has ended: with nothing after `close`, else with what went wrong. */
  readonly exited: Promise<Fault | undefined>;
  /** Hangs up every call and ends. Idempotent. */
  close(): Promise<void>;
}

/** Rejects with a coded fault (PV-1750, PV-1751) that names the address and the option when a port cannot be opened. */
export function startSoftswitch(options: SoftswitchOptions): Promise<Softswitch> {
  const { log = () => {}, inline, ...settings } = options;
  return inline === true ? startHere(settings, log) : startThread(settings, log);
}

async function startHere(settings: SoftswitchSettings, log: SoftswitchLog): Promise<Softswitch> {
  const running: Running = await run(settings, log);
  const exited = Promise.withResolvers<Fault | undefined>();
  return {
    ...running.addresses,
    statistics: async () => running.statistics(),
    exited: exited.promise,
    async close() {
      await running.close();
      exited.resolve(undefined);
    },
  };
}

/** Longer than closing every call takes; after this the thread is ended by force. */
const CLOSE_MS = 5000;

async function startThread(settings: SoftswitchSettings, log: SoftswitchLog): Promise<Softswitch> {
  const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js';
  const thread = new Worker(new URL(file, import.meta.url), { name: 'softswitch', workerData: settings });
  const started = Promise.withResolvers<SoftswitchAddresses>();
  const exited = Promise.withResolvers<Fault | undefined>();
  const asked = new Map<number, PromiseWithResolvers<SoftswitchStatistics>>();
  let lastId = 0;
  let closing: Promise<void> | undefined;
  let failure: Fault | undefined;

  thread.on('message', (message: FromThread) => {
    switch (message.kind) {
      case 'started':
        started.resolve(message.addresses);
        return;
      case 'failed':
        started.reject(new PivotError(message.fault));
        return;
      case 'log':
        log(message.level, message.message, message.fields);
        return;
      case 'statistics':
        asked.get(message.id)?.resolve(message.statistics);
        asked.delete(message.id);
        return;
    }
  });
  thread.on('error', (error) => {
    failure = faultOf(error, softswitchCodes.threadEnded);
  });
  thread.on('exit', (code) => {
    if (closing === undefined) failure ??= fault(softswitchCodes.threadEnded, `its thread ended with code ${code}`);
    const error = new PivotError(failure ?? fault(softswitchCodes.threadEnded, 'it was closed'));
    started.reject(error);
    for (const waiting of asked.values()) waiting.reject(error);
    asked.clear();
    exited.resolve(failure);
  });

  const send = (message: ToThread): void => thread.postMessage(message);
  let addresses: SoftswitchAddresses;
  try {
    addresses = await started.promise;
  } catch (error) {
    closing = Promise.resolve();
    await thread.terminate();
    throw error;
  }
  return {
    ...addresses,
    exited: exited.promise,
    statistics() {
      const waiting = Promise.withResolvers<SoftswitchStatistics>();
      if (failure !== undefined || closing !== undefined) {
        waiting.reject(new PivotError(failure ?? fault(softswitchCodes.threadEnded, 'it was closed')));
        return waiting.promise;
      }
      lastId += 1;
      asked.set(lastId, waiting);
      send({ kind: 'statistics', id: lastId });
      return waiting.promise;
    },
    close() {
      closing ??= end();
      return closing;
    },
  };

  async function end(): Promise<void> {
    send({ kind: 'close' });
    const timer = setTimeout(() => void thread.terminate(), CLOSE_MS);
    await exited.promise;
    clearTimeout(timer);
  }
}
