/** For tests: the web server of the transcripts, which has `hello.wav` and nothing else. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wavHeader } from '../../audio/wav-format.ts';

/** As long as the one recorded. */
const HELLO_SAMPLES = 9200;

export interface SoundServer {
  readonly port: number;
  /** Where nobody listens. */
  readonly closedPort: number;
  close(): void;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export async function startSoundServer(): Promise<SoundServer> {
  const hello = Buffer.concat([wavHeader(1, 8000, HELLO_SAMPLES * 2), Buffer.alloc(HELLO_SAMPLES * 2)]);
  const server = createServer((request, response) => {
    if (request.url === '/hello.wav') response.setHeader('content-type', 'audio/x-wav').end(hello);
    else response.writeHead(404).end();
  });
  const closed = createServer();
  const closedPort = await listen(closed);
  closed.close();
  const port = await listen(server);
  return {
    port,
    closedPort,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
