import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './peers/ports.ts';

/** A real Redis (or Valkey) on a loopback port, with a password, which keeps nothing on disk. */
export interface Redis {
  /** With the password in it. */
  readonly url: string;
  readonly password: string;
  /** Kills it. */
  stop(): Promise<void>;
}

const PASSWORD = 'not-a-real-redis-password';
const START_LIMIT_MS = 10_000;

/** Undefined where neither is installed; in CI that is an error. */
export async function startRedis(): Promise<Redis | undefined> {
  const port = await freePort('127.0.0.1');
  for (const program of ['redis-server', 'valkey-server']) {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/'];
    const child = spawn(program, [...options, '--requirepass', PASSWORD], { stdio: 'ignore' });
    const gone = Promise.race([once(child, 'exit'), once(child, 'error')]).then(
      () => true,
      () => true,
    );
    if (await isUp(child, port, gone)) {
      return {
        url: `redis://:${PASSWORD}@127.0.0.1:${port}`,
        password: PASSWORD,
        async stop() {
          child.kill('SIGKILL');
          await gone;
        },
      };
    }
  }
  if (process.env['CI'] === 'true') throw new Error('redis-server is not installed (required in CI)');
  return undefined;
}

async function isUp(child: ChildProcess, port: number, gone: Promise<boolean>): Promise<boolean> {
  let over = false;
  void gone.then(() => {
    over = true;
  });
  for (const limit = performance.now() + START_LIMIT_MS; performance.now() < limit && !over; ) {
    const socket = createConnection(port, '127.0.0.1');
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (connected) return true;
    await delay(20);
  }
  child.kill('SIGKILL');
  return false;
}
