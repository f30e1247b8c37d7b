import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type CodeEntry, fault } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import type { Conversion, ConvertOptions } from './convert.ts';

export type Job =
  | ({ readonly kind: 'convert'; readonly bytes: Uint8Array } & ConvertOptions)
  | { readonly kind: 'flite'; readonly voice: string; readonly text: string }
  /** Loads flite, so that the first text does not wait for it. */
  | { readonly kind: 'warm' };

export type JobResult = Conversion;

export interface ThreadsOptions {
  /** Threads at most. */
  readonly size: number;
  /** Milliseconds without work after which a thread ends and frees its memory. Default 60 s. */
  readonly idleMs?: number;
  /** Jobs that may wait. Default 64. */
  readonly queue?: number;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Milliseconds, waiting included. */
  readonly timeoutMs: number;
  /** Code of the fault when they have passed. */
  readonly onTimeout: CodeEntry;
}

/**
 * Threads for speaking and decoding. They start when work comes; one that is given up in the middle of its work is ended, as there is
 * no other way to stop it, and so is one that crashes: the next job gets a new one. None keeps the process alive while idle.
 */
export interface Threads {
  /** Rejects only with the reason of `signal`. */
  run(job: Job, options: RunOptions): Promise<JobResult>;
  /** Threads that exist, and jobs that run or wait. */
  readonly statistics: { readonly threads: number; readonly running: number; readonly waiting: number };
  close(): Promise<void>;
}

interface Task {
  readonly job: Job;
  readonly settle: (result: JobResult) => void;
}

export function createThreads(options: ThreadsOptions): Threads {
  const { size, idleMs = 60_000, queue: queueLimit = 64 } = options;
  const slots = Array.from({ length: size }, () => new Slot(idleMs, next));
  const queue = new Set<Task>();
  let closed = false;

  function next(): void {
    for (const task of queue) {
      // One that is running already is quicker than one that must start.
      const slot = slots.find((each) => each.idle && each.started) ?? slots.find((each) => each.idle);
      if (slot === undefined) return;
      queue.delete(task);
      slot.start(task);
    }
  }

  return {
    run(job, { signal, timeoutMs, onTimeout }) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (closed)
        return Promise.resolve({ ok: false, fault: fault(mediaCodes.closed, 'the media worker is shutting down') });
      if (queue.size >= queueLimit) {
        return Promise.resolve({
          ok: false,
          fault: fault(mediaCodes.busy, `${queue.size} sounds are waiting already`),
        });
      }
      const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
      const stop = (): void => {
        queue.delete(task);
        for (const slot of slots) slot.abandon(task);
        done();
        next();
      };
      const onAbort = (): void => {
        stop();
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        stop();
        resolve({ ok: false, fault: fault(onTimeout, `it was not done within ${Math.ceil(timeoutMs / 1000)} s`) });
      }, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const task: Task = {
        job,
        settle: (result) => {
          done();
          resolve(result);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(task);
      next();
      return promise;
    },
    get statistics() {
      return {
        threads: slots.filter((slot) => slot.started).length,
        running: slots.filter((slot) => !slot.idle).length,
        waiting: queue.size,
      };
    },
    async close() {
      closed = true;
      for (const task of queue) {
        task.settle({ ok: false, fault: fault(mediaCodes.closed, 'the media worker is shutting down') });
      }
      queue.clear();
      await Promise.all(slots.map((slot) => slot.close()));
    },
  };
}

/** One thread, or the place for one. */
class Slot {
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #worker: Worker | undefined;
  #task: Task | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Threads that are ending. */
  readonly #ending = new Set<Promise<unknown>>();

  constructor(idleMs: number, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  get idle(): boolean {
    return this.#task === undefined;
  }

  get started(): boolean {
    return this.#worker !== undefined;
  }

  start(task: Task): void {
    clearTimeout(this.#idleTimer);
    this.#task = task;
    const worker = this.#worker ?? this.#create();
    worker.ref();
    worker.postMessage(task.job);
  }

  /** Ends the thread if it is at this task; the task is left unsettled. */
  abandon(task: Task): void {
    if (this.#task !== task) return;
    this.#task = undefined;
    this.#end();
  }

  async close(): Promise<void> {
    const task = this.#task;
    this.#task = undefined;
    this.#end();
    task?.settle({ ok: false, fault: fault(mediaCodes.closed, 'the media worker is shutting down') });
    await Promise.all(this.#ending);
  }

  #create(): Worker {
    // `thread.ts` when run from source, `thread.js` when compiled.
    const worker = new Worker(new URL(`./thread${extname(import.meta.url)}`, import.meta.url), {
      name: 'sounds',
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    this.#worker = worker;
    worker.on('message', (result: JobResult) => {
      if (this.#worker !== worker) return;
      const task = this.#task;
      this.#task = undefined;
      worker.unref();
      this.#idleTimer = setTimeout(() => this.#end(), this.#idleMs).unref();
      task?.settle(result);
      this.#onIdle();
    });
    const lost = (why: string): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const task = this.#task;
      this.#task = undefined;
      clearTimeout(this.#idleTimer);
      task?.settle({ ok: false, fault: fault(mediaCodes.notConverted, `the thread that worked on it failed: ${why}`) });
      this.#onIdle();
    };
    worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => lost(`it ended with ${code}`));
    return worker;
  }

  #end(): void {
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    const ending = worker.terminate().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
