/** Connects out to the application of a channel, as the `socket` application does. */

import { connect } from 'node:net';
import type { Channel } from '../channel.ts';
import { EventSocket } from './connection.ts';

/** FreeSWITCH gives up after its own socket timeout; drachtio-fsmrf waits 4 s for the connection. */
const CONNECT_MS = 4000;

/** Resolves with the connection, rejects when it cannot be made. `onClosed` is called when a made one has gone. */
export function connectOut(
  channel: Channel,
  host: string,
  port: number,
  signal: AbortSignal,
  onClosed: () => void,
): Promise<EventSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => give(new Error('timed out')), CONNECT_MS);
    const aborted = (): void => give(new Error('the channel ended'));
    function settle(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.off('error', give);
    }
    function give(error: Error): void {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    }
    signal.addEventListener('abort', aborted);
    socket.once('error', give);
    socket.once('connect', () => {
      settle();
      const connection = new EventSocket({ core: channel.core, socket, channel, onClosed });
      connection.admit();
      resolve(connection);
    });
  });
}
