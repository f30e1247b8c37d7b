import type { Located } from '../../crds/resources.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { type CompileOptions, compile } from '../compile/compile.ts';
import type { CompileResult } from '../compile/result.ts';
import { KubeError } from '../kube/kube-error.ts';

/** Milliseconds: the quiet time before a compile, and how long a steady stream of changes may put it off. */
export const COMPILE_TIMING = { quietMs: 30, capMs: 250 };

export interface CompilerOptions {
  /** Asked for at each compile. */
  readonly settings: () => Pick<CompileOptions, 'fleet' | 'defaultAccount' | 'baseDomain' | 'allowLoopbackUrls'>;
  /** Everything that is declared, asked for at each compile. */
  readonly resources: () => readonly Located[];
  /** Waited for before each compile. */
  readonly prepared: (signal: AbortSignal) => Promise<void>;
  readonly onResult: (result: CompileResult) => void;
  readonly onError: (error: KubeError) => void;
  readonly clock: Clock;
}

export interface CompilerFigures {
  readonly compiles: number;
  readonly failures: number;
  /** Of the last compile. Milliseconds. */
  readonly lastMs: number;
}

/** Compiles once for many changes in a short time. Does nothing before `start`: half of the resources would make half a table. */
export class Compiler {
  readonly #options: CompilerOptions;
  readonly #controller = new AbortController();
  #latest: CompileResult | undefined;
  #state: 'waiting' | 'idle' | 'due' | 'running' = 'waiting';
  /** Touched while it ran. */
  #again = false;
  #timer: Timer | undefined;
  #firstAt = 0;
  #figures: CompilerFigures = { compiles: 0, failures: 0, lastMs: 0 };

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** Undefined before the first compile. */
  get latest(): CompileResult | undefined {
    return this.#latest;
  }

  /** Something has changed that is not compiled yet. */
  get due(): boolean {
    return this.#state !== 'idle';
  }

  get figures(): CompilerFigures {
    return this.#figures;
  }

  /** Everything is known: compiles at once, and after each change from now on. */
  start(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'due';
    void this.#run();
  }

  /** Something has changed. */
  touch(): void {
    const { clock } = this.#options;
    if (this.#state === 'running') this.#again = true;
    if (this.#controller.signal.aborted || (this.#state !== 'idle' && this.#state !== 'due')) return;
    const now = clock.monotonic();
    if (this.#state === 'idle') this.#firstAt = now;
    this.#state = 'due';
    this.#timer?.cancel();
    const left = this.#firstAt + COMPILE_TIMING.capMs - now;
    this.#timer = clock.after(Math.max(0, Math.min(COMPILE_TIMING.quietMs, left)), () => void this.#run());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#controller.abort(new Error('the compiler was stopped'));
  }

  async #run(): Promise<void> {
    const { prepared, onError } = this.#options;
    const { signal } = this.#controller;
    this.#state = 'running';
    try {
      await prepared(signal);
      if (signal.aborted) return;
      this.#again = false; // What was touched until here is looked at now.
      this.#compile();
    } catch (error) {
      // The last result stays in force.
      this.#figures = { ...this.#figures, failures: this.#figures.failures + 1 };
      onError(new KubeError('handlerFailed', `compile: ${String(error)}`, { cause: error }));
    }
    this.#state = 'idle';
    if (this.#again) this.touch();
  }

  #compile(): void {
    const { settings, resources, onResult, clock } = this.#options;
    const begun = clock.monotonic();
    const previous = this.#latest === undefined ? {} : { previous: this.#latest };
    const result = compile(resources(), { ...settings(), ...previous });
    this.#latest = result;
    this.#figures = {
      ...this.#figures,
      compiles: this.#figures.compiles + 1,
      lastMs: clock.monotonic() - begun,
    };
    onResult(result);
  }
}
