/** Listens for inbound event sockets. */

import { createServer, type Server } from 'node:net';
import type { Core } from '../core.ts';
import { createAuthGuard } from './auth-guard.ts';
import { EventSocket } from './connection.ts';

const RUDE = 'Access Denied, go away.\n';
const MAX_CONNECTIONS = 200;

export interface EslServerOptions {
  readonly core: Core;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** Which addresses may connect at all; others get `text/rude-rejection`. Default: any. */
  readonly allow?: (address: string) => boolean;
}

export interface EslServer {
  readonly port: number;
  readonly connections: number;
  close(): Promise<void>;
}

export async function listenForEventSockets(options: EslServerOptions): Promise<EslServer> {
  const { core } = options;
  const guard = createAuthGuard();
  const open = new Set<EventSocket>();
  const server: Server = createServer((socket) => {
    const address = socket.remoteAddress ?? '';
    const welcome = options.allow?.(address) ?? true;
    if (!welcome || guard.refused(address) || open.size >= MAX_CONNECTIONS) {
      socket.on('error', () => {});
      socket.end(`Content-Type: text/rude-rejection\nContent-Length: ${RUDE.length}\n\n${RUDE}`);
      core.log('warn', 'event socket: refused', { address });
      return;
    }
    const connection = new EventSocket({
      core,
      socket,
      authenticate(password) {
        const right = password === options.password;
        if (right) guard.succeeded(address);
        else guard.failed(address);
        return right;
      },
      onClosed: () => open.delete(connection),
    });
    open.add(connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
  return {
    port,
    get connections() {
      return open.size;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of open) connection.destroy();
      await closed;
    },
  };
}
