import { createServer, type Server } from 'node:net';

function listen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on('error', () => resolve(undefined));
    server.listen(port, host, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * A port free for TCP, and so most likely for UDP, at this moment, and `following` ones after it: for programs that cannot tell which they
 * took.
 */
export async function freePort(host: string, following = 0): Promise<number> {
  for (;;) {
    const first = await listen(host, 0);
    if (first === undefined) throw new Error(`no port can be opened at ${host}`);
    const port = portOf(first);
    const others = await Promise.all(Array.from({ length: following }, (_, i) => listen(host, port + 1 + i)));
    for (const server of [first, ...others]) {
      if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
    }
    if (!others.includes(undefined)) return port;
  }
}
