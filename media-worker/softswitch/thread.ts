/** The softswitch's thread: runs it and passes messages. */

import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { faultOf } from '../../crds/errors/fault.ts';
import { softswitchCodes } from '../../crds/errors/softswitch.ts';
import { run } from './run.ts';
import type { FromThread, SoftswitchSettings, ToThread } from './thread-messages.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs in a thread of its own');

/** Between other programs and the kernel's own work; FreeSWITCH asks for real time where it may. */
const PRIORITY = -15;

/**
 * Sound must leave every 20 ms, whatever else the machine does. Linux keeps a priority per thread, so this is for this one alone;
 * only root and those with CAP_SYS_NICE may raise it, and without it all works as long as a CPU is free.
 */
function hurry(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(PRIORITY);
  } catch {
    // Not allowed to.
  }
}

const send = (message: FromThread): void => port.postMessage(message);

/** Only what can be cloned and printed. */
function plain(fields: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (fields === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]),
  );
}

hurry();
try {
  const running = await run(workerData as SoftswitchSettings, (level, message, fields) =>
    send({ kind: 'log', level, message, fields: plain(fields) }),
  );
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'statistics':
        send({ kind: 'statistics', id: message.id, statistics: running.statistics() });
        return;
      case 'close':
        running.close().finally(() => port.close());
        return;
    }
  });
  send({ kind: 'started', addresses: running.addresses });
} catch (error) {
  send({ kind: 'failed', fault: faultOf(error, softswitchCodes.startFailed) });
  port.close();
}
