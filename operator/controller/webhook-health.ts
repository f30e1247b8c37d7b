import type { PivotCallflow } from '../../crds/resources.ts';
import type { CallflowHealth } from '../../crds/stream.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { conditionsOf, type StatedCondition } from '../kube/conditions.ts';
import { isRecord } from '../kube/objects.ts';
import type { Declared } from './declared.ts';

/** What is judged: the exchanges of so long, in so many parts. Milliseconds. */
const WINDOW_MS = 60_000;
const PART_MS = 10_000;
/** What is stated of a callflow changes at most so often: a status is no counter. When it turns from good to bad or back, sooner. Milliseconds. */
const STATE_MS = 60_000;
const TURN_MS = 10_000;
const TYPE = 'WebhookHealthy';

/** The last exchange that failed, as `status.lastFailure` has it. */
export interface LastFailure {
  /** RFC 3339, in seconds. */
  readonly time: string;
  readonly code: string;
  readonly message?: string;
  readonly traceId?: string;
  readonly link?: string;
}

export interface StatedHealth {
  readonly condition: Omit<StatedCondition, 'observedGeneration'>;
  readonly lastFailure: LastFailure | undefined;
}

export interface WebhookHealthOptions {
  /** `spec.traceUrl` of the fleet. */
  readonly traceUrl: () => string | undefined;
  /** Something else is to be stated of a callflow. */
  readonly onChange: (callflow: string) => void;
  readonly clock: Clock;
}

interface Part {
  readonly begun: number;
  ok: number;
  failed: number;
}

interface Book {
  parts: Part[];
  failure: CallflowHealth['failure'];
  stated: StatedHealth | undefined;
  statedAt: number;
}

/** Sums up what workers saw of web servers, and says it in few words and seldom. Only the leader hears of it. */
export class WebhookHealth {
  readonly #options: WebhookHealthOptions;
  readonly #books = new Map<string, Book>();
  /** Callflows of which something else is to be stated, when their time has come. */
  readonly #waiting = new Set<string>();
  #timer: Timer | undefined;

  constructor(options: WebhookHealthOptions) {
    this.#options = options;
  }

  /** A worker's report. */
  take(reports: readonly CallflowHealth[]): void {
    const now = this.#options.clock.monotonic();
    for (const { key, ok, failed, failure } of reports) {
      const book: Book = this.#books.get(key) ?? {
        parts: [],
        failure: undefined,
        stated: undefined,
        statedAt: Number.NEGATIVE_INFINITY,
      };
      this.#books.set(key, book);
      book.parts = book.parts.filter((part) => now - part.begun < WINDOW_MS);
      const last = book.parts.at(-1);
      const part = last !== undefined && now - last.begun < PART_MS ? last : { begun: now, ok: 0, failed: 0 };
      if (part !== last) book.parts.push(part);
      part.ok += ok;
      part.failed += failed;
      book.failure = failure ?? book.failure;
      this.#waiting.add(key);
    }
    this.#look();
  }

  /** What to state of a callflow: what was stated last, by this process or by the leader before. */
  of(callflow: string, { status }: Pick<Declared<PivotCallflow>, 'status'>): StatedHealth {
    return this.#books.get(callflow)?.stated ?? writtenBefore(status) ?? NOTHING;
  }

  forget(callflow: string): void {
    this.#books.delete(callflow);
    this.#waiting.delete(callflow);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  #look(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock, onChange } = this.#options;
    const now = clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const key of this.#waiting) {
      const book = this.#books.get(key)!;
      const stated = this.#judge(book);
      const turns = stated.condition.status !== book.stated?.condition.status;
      const due = book.statedAt + (turns ? TURN_MS : STATE_MS);
      if (due > now) {
        next = Math.min(next, due);
        continue;
      }
      this.#waiting.delete(key);
      if (JSON.stringify(stated) === JSON.stringify(book.stated)) continue;
      book.stated = stated;
      book.statedAt = now;
      onChange(key);
    }
    if (next < Number.POSITIVE_INFINITY) this.#timer = clock.after(next - now, () => this.#look());
  }

  #judge({ parts, failure }: Book): StatedHealth {
    const failed = parts.reduce((sum, part) => sum + part.failed, 0);
    const all = parts.reduce((sum, part) => sum + part.ok + part.failed, 0);
    const lastFailure = failure === undefined ? undefined : this.#shown(failure);
    if (failed * 2 >= all && failed > 0) {
      const last = failure === undefined ? '' : `: ${failure.code} ${failure.message}`;
      return {
        condition: { type: TYPE, status: 'False', reason: 'Failing', message: `Exchanges fail${last}` },
        lastFailure,
      };
    }
    return { condition: HEALTHY, lastFailure };
  }

  #shown({ time, code, message, traceId }: NonNullable<CallflowHealth['failure']>): LastFailure {
    const traceUrl = this.#options.traceUrl();
    return {
      time: `${time.slice(0, 19)}Z`,
      code,
      message,
      ...(traceId === '' ? {} : { traceId }),
      ...(traceUrl === undefined || traceId === '' ? {} : { link: traceUrl.replaceAll('{traceId}', traceId) }),
    };
  }
}

const HEALTHY: StatedHealth['condition'] = {
  type: TYPE,
  status: 'True',
  reason: 'Healthy',
  message: 'The web server answers',
};

const NOTHING: StatedHealth = {
  condition: { type: TYPE, status: 'Unknown', reason: 'NoExchanges', message: 'No call has asked the web server yet' },
  lastFailure: undefined,
};

/** What the leader before has stated stays until there is something new. */
function writtenBefore(status: unknown): StatedHealth | undefined {
  const found = conditionsOf(status).find(({ type }) => type === TYPE);
  if (found === undefined || !isRecord(status)) return undefined;
  const { type, status: value, reason, message } = found;
  const last = status['lastFailure'];
  const known = isRecord(last) && typeof last['time'] === 'string' && typeof last['code'] === 'string';
  return {
    condition: { type, status: value, reason, message },
    lastFailure: known ? (last as unknown as LastFailure) : undefined,
  };
}
