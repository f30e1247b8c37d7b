import { performance } from 'node:perf_hooks';

/** Who has acknowledged something since it was asked. */
export class Acknowledged {
  readonly #limitMs: number;
  readonly #names = new Set<string>();
  #wanted: { readonly count: number; readonly resolve: (at: number) => void } | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  add(name: string): void {
    this.#names.add(name);
    if (this.#wanted === undefined || this.#names.size < this.#wanted.count) return;
    this.#wanted.resolve(performance.now());
    this.#wanted = undefined;
  }

  /** When so many others have acknowledged something from now on. */
  by(count: number): Promise<number> {
    this.#names.clear();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#names.size} of ${count} workers after ${this.#limitMs} ms`)),
        this.#limitMs,
      );
      this.#wanted = {
        count,
        resolve: (at) => {
          clearTimeout(timer);
          resolve(at);
        },
      };
    });
  }
}
