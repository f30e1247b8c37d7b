import type { Fault } from '../../crds/errors/fault.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { type CallflowHealth, STREAM_LIMITS } from '../../crds/stream.ts';

/** Callflows that are counted at once; of further ones nothing is known until the next report. */
const MOST = 10_000;
/** Characters of a message, so that a report fits into a message of the stream. */
const MESSAGE_LENGTH = 300;

/** Counts exchanges by callflow until they are reported, so that the operator can say whether web servers answer. Bounded whatever happens. */
export class HealthTally {
  readonly #callflows = new Map<string, CallflowHealth>();
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** An exchange of a callflow is over. `failure` undefined: it went well. */
  record(callflow: string, traceId: string, failure: Fault | undefined): void {
    const before = this.#callflows.get(callflow);
    if (before === undefined && this.#callflows.size >= MOST) return;
    const { key, ok, failed } = before ?? { key: callflow as ResourceKey, ok: 0, failed: 0 };
    if (failure === undefined) {
      this.#callflows.set(callflow, { ...before, key, ok: ok + 1, failed });
      return;
    }
    const { code, message } = failure;
    const time = new Date(this.#now()).toISOString();
    const told = { time, code, message: message.slice(0, MESSAGE_LENGTH), traceId };
    this.#callflows.set(callflow, { key, ok, failed: failed + 1, failure: told });
  }

  /** The next callflows to report, no more than one message holds; they begin at nothing again. */
  take(): readonly CallflowHealth[] {
    const taken = [...this.#callflows.values().take(STREAM_LIMITS.health)];
    for (const { key } of taken) this.#callflows.delete(key);
    return taken;
  }
}
