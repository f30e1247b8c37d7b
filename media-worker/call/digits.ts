/** A DTMF key: `0`-`9`, `*`, `#`, `A`-`D`. */
export type Digit = string;

export const DTMF_KEYS = '0123456789*#ABCD';

type Listener = (digit: Digit) => void;

/** The most that a timer of Node takes; more would fire at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** More unread digits than any collection asks for; older ones are kept, newer dropped. */
const CAPACITY = 256;

/**
 * The digits of a call that nobody has read yet. Every digit that arrives is queued, whatever the call is doing, so that none is lost
 * between verbs; whoever collects takes them from here. Listeners are told as well, at once, so that a prompt can stop.
 */
export class DigitQueue {
  #pending = '';
  readonly #listeners = new Set<Listener>();

  /** What was typed and not yet taken. */
  get pending(): string {
    return this.#pending;
  }

  /** A digit arrived. */
  push(digit: Digit): void {
    if (!DTMF_KEYS.includes(digit) || digit.length !== 1) return;
    if (this.#pending.length < CAPACITY) this.#pending += digit;
    for (const listener of [...this.#listeners]) listener(digit);
  }

  /** Takes everything that is pending. */
  takeAll(): string {
    const all = this.#pending;
    this.#pending = '';
    return all;
  }

  /** Takes the oldest pending digit. */
  takeOne(): Digit | undefined {
    const first = this.#pending[0];
    this.#pending = this.#pending.slice(1);
    return first;
  }

  /** Takes the newest pending digit if it is this one: a key that meant something else than to be collected. */
  takeBack(digit: Digit): void {
    if (this.#pending.endsWith(digit)) this.#pending = this.#pending.slice(0, -digit.length);
  }

  /** Calls `listener` for every digit from now on (it stays pending until taken); returns the way to stop that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes the next digit, waiting up to `timeoutMs`; undefined when none came. Rejects with the signal's reason when aborted. */
  next(timeoutMs: number, signal: AbortSignal): Promise<Digit | undefined> {
    signal.throwIfAborted();
    const waiting = this.takeOne();
    if (waiting !== undefined) return Promise.resolve(waiting);
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        stop();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        finish();
        reject(signal.reason);
      };
      const stop = this.listen(() => {
        finish();
        resolve(this.takeOne());
      });
      const timer = setTimeout(
        () => {
          finish();
          resolve(undefined);
        },
        Math.min(timeoutMs, LONGEST_WAIT_MS),
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
