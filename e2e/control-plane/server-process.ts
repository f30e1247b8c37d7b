import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface ServerProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its output goes to `NAME.log` in here. */
  readonly folder: string;
  /** Asks the server whether it serves; may reject while it does not. */
  readonly ready: (signal: AbortSignal) => Promise<boolean>;
}

/** Milliseconds until a server must serve: a cold API server on a busy machine takes many seconds. */
const START_LIMIT_MS = 120_000;
const ASK_EVERY_MS = 50;
/** Milliseconds after SIGTERM until SIGKILL. */
const STOP_LIMIT_MS = 20_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A server of the control plane, which a test may stop, kill, pause and start again; it keeps its ports and its data. */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | undefined;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  get logFile(): string {
    return join(this.#options.folder, `${this.#options.name}.log`);
  }

  /** Resolves when it serves; rejects, with the end of its log, when it has ended before. */
  async start(): Promise<void> {
    const { name, command, args, ready } = this.#options;
    if (this.#child !== undefined) throw new Error(`${name} runs already`);
    const log = openSync(this.logFile, 'a');
    const child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    running.add(child);
    const ended = new AbortController();
    const end = (): void => {
      running.delete(child);
      if (this.#child === child) this.#child = undefined;
      ended.abort();
    };
    child.once('exit', end).once('error', end);
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(START_LIMIT_MS)]);
    while (!(await ready(signal).catch(() => false))) {
      if (signal.aborted) {
        child.kill('SIGKILL');
        throw new Error(`${name} does not serve; the end of ${this.logFile}:\n${this.#tail()}`);
      }
      await delay(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Resolves when it is gone. `SIGKILL` is a crash. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(timer);
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** Freezes it: connections stay open and nothing answers. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  #tail(): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-15).join('\n');
  }
}
