import { setTimeout as delay } from 'node:timers/promises';
import type { Phones } from '../../media-worker/softswitch/phone.ts';

/** What became of one call. */
export interface Outcome {
  readonly number: string;
  /** SIP status of the final response; 200 when it was answered. */
  readonly status: number;
  /** From number, by which a web server tells calls apart. */
  readonly from: string;
  /** Milliseconds since the caller began, when the INVITE was sent and when the final response came. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** When it was over. */
  readonly endedAt: number;
}

export interface CallersOptions {
  readonly phones: Phones;
  /** `HOST:PORT` of the workers that take calls now; asked at each call, taken in turn. */
  readonly targets: () => readonly string[];
  readonly number: string | ((index: number) => string);
  /** Calls begun in a second. */
  readonly perSecond: number;
}

/** Places calls at a steady rate, whatever becomes of the earlier ones, until it is stopped. */
export class Callers {
  readonly #options: CallersOptions;
  readonly #outcomes: Outcome[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #begun = performance.now();
  readonly #loop: Promise<void>;

  constructor(options: CallersOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  get outcomes(): readonly Outcome[] {
    return this.#outcomes;
  }

  /** Resolves with everything when the last call is over. */
  async stop(): Promise<readonly Outcome[]> {
    this.#stopping.abort();
    await this.#loop;
    await Promise.all(this.#running);
    return this.#outcomes;
  }

  async #run(): Promise<void> {
    const { perSecond } = this.#options;
    for (let index = 0; !this.#stopping.signal.aborted; index++) {
      const call = this.#place(index);
      this.#running.add(call);
      void call.finally(() => this.#running.delete(call));
      const due = this.#begun + ((index + 1) * 1000) / perSecond;
      await delay(Math.max(0, due - performance.now()));
    }
  }

  async #place(index: number): Promise<void> {
    const { phones, targets, number: numberOf } = this.#options;
    const list = targets();
    const sip = list[index % list.length]!;
    const number = typeof numberOf === 'string' ? numberOf : numberOf(index);
    const from = `+1555${String(1_000_000 + index)}`;
    const sentAt = performance.now() - this.#begun;
    const call = await phones.placeCall({ number, sip, from });
    const answered = await call.answered.then(
      () => true,
      () => false,
    );
    const answeredAt = performance.now() - this.#begun;
    const end = await call.ended;
    const endedAt = performance.now() - this.#begun;
    this.#outcomes.push({ number, from, status: answered ? 200 : (end.status ?? 408), sentAt, answeredAt, endedAt });
  }
}

/** Calls until one is answered, as a caller does who tries again; resolves with the milliseconds since `since`. */
export async function firstAnswer(phones: Phones, sip: string, number: string, since: number): Promise<number> {
  for (const limit = since + 40_000; performance.now() < limit; ) {
    const call = await phones.placeCall({ number, sip });
    const answered = await call.answered.then(
      () => performance.now(),
      () => undefined,
    );
    if (answered !== undefined) {
      await call.ended;
      return answered - since;
    }
    await delay(5);
  }
  throw new Error(`${number} is not answered`);
}
