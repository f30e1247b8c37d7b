import type { Socket } from 'node:net';

/**
 * Sends what is written to a socket within one turn of the event loop as one segment. drachtio-modesl writes each header line of a command
 * by itself, which without Nagle's algorithm is a system call and a packet each.
 */
export function coalesceWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  let corked = false;
  socket.write = ((...given: unknown[]): boolean => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    return write(...given);
  }) as Socket['write'];
}
