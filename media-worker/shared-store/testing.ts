import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A real redis-server on a loopback port, which keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 10_000;

/** Starts the machine's `redis-server` (or `valkey-server`) on `port`, else on a free one; undefined where there is none. */
export async function startRedis(port?: number): Promise<RedisServer | undefined> {
  const listening = port ?? (await freePort());
  for (const program of ['redis-server', 'valkey-server']) {
    const child = spawn(
      program,
      ['--port', String(listening), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/'],
      { stdio: 'ignore' },
    );
    if (await reachable(child, listening)) {
      return {
        url: `redis://127.0.0.1:${listening}`,
        async stop() {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill('SIGKILL');
          await once(child, 'exit');
        },
      };
    }
  }
  if (process.env['CI'] === 'true') throw new Error('redis-server is not installed (required in CI)');
  return undefined;
}

async function reachable(child: ChildProcess, port: number): Promise<boolean> {
  let gone = false;
  child.once('error', () => {
    gone = true;
  });
  child.once('exit', () => {
    gone = true;
  });
  for (const until = Date.now() + START_LIMIT_MS; Date.now() < until && !gone; ) {
    const socket = createConnection(port, '127.0.0.1');
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (connected) return true;
    await delay(20);
  }
  child.kill('SIGKILL');
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
