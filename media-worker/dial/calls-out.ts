import type { BLeg } from './b-leg.ts';
import { createTrunkCalls, type TrunkCalls } from './trunks.ts';

/** All legs that this worker has called. Owner of what is left of a leg when nobody waits for it any more: a CANCEL, a BYE, an endpoint. */
export class CallsOut {
  readonly trunks: TrunkCalls = createTrunkCalls();
  readonly #legs = new Map<BLeg, Promise<void>>();

  /** Legs of which something is left. */
  get active(): number {
    return this.#legs.size;
  }

  add(leg: BLeg): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#legs.set(leg, promise);
    const over = async (): Promise<void> => {
      await leg.release().catch(() => {});
      this.#legs.delete(leg);
      resolve();
    };
    leg.signal.addEventListener('abort', () => void over(), { once: true });
  }

  /** The connection to drachtio-server is gone. */
  lost(): void {
    for (const leg of this.#legs.keys()) leg.lost();
  }

  /** Resolves when nothing is left of any leg, or after `limitMs`, when what is left is given up. */
  async over(limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.lost(), limitMs);
    await Promise.all(this.#legs.values());
    clearTimeout(timer);
  }
}
