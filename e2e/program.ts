import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** For a program to say something that a test waits for; it starts slowly on a busy machine. */
const LINE_LIMIT_MS = 60_000;

export interface ProgramOptions {
  /** Options of Node itself. */
  readonly node?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program of the repository, run as a user would, read line by line. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  /** Resolves with the exit code (or the signal's name) when the program has ended and said everything. */
  readonly ended: Promise<number | NodeJS.Signals>;

  constructor(args: readonly string[], { node = [], env = {} }: ProgramOptions = {}) {
    this.#child = spawn(process.execPath, [...node, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        this.#tell();
      });
    }
    this.ended = once(this.#child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    void this.ended.then(() => this.#tell());
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Everything that was said so far on standard output and error. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The first line that fits, now or later; `since`: how many of the lines not to look at. Throws when the program ends without it. */
  async line(pattern: RegExp, since = 0): Promise<RegExpExecArray> {
    const limit = AbortSignal.timeout(LINE_LIMIT_MS);
    for (;;) {
      for (const line of this.#lines.slice(since)) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      if (!this.running || limit.aborted) {
        const why = this.running ? '' : ', and the program has ended';
        throw new Error(`no line like ${pattern}${why}:\n${this.#lines.join('\n')}`);
      }
      await this.#news(limit);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #news(limit: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const told = (): void => {
        this.#waiting.delete(told);
        limit.removeEventListener('abort', told);
        resolve();
      };
      this.#waiting.add(told);
      limit.addEventListener('abort', told);
    });
  }

  #tell(): void {
    for (const told of [...this.#waiting]) told();
  }
}
