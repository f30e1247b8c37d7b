/** The softswitch's thread: runs it and passes messages. */

import { parentPort, workerData } from 'node:worker_threads';
import { faultOf } from '../../crds/errors/fault.ts';
import { softswitchCodes } from '../../crds/errors/softswitch.ts';
import { run } from './run.ts';
import type { FromThread, SoftswitchSettings, ToThread } from './thread-messages.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs in a thread of its own');

const send = (message: FromThread): void => port.postMessage(message);

/** Only what can be cloned and printed. */
function plain(fields: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (fields === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]),
  );
}

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
