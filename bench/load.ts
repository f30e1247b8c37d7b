/** Calls at a steady rate, each one measured. */
import { performance } from 'node:perf_hooks';
import type { Phones } from '../media-worker/softswitch/phone.ts';

export interface LoadOptions {
  readonly phones: Phones;
  /** `HOST:PORT`. */
  readonly sip: string;
  readonly number: string;
  /** Calls begun per second. */
  readonly rate: number;
  readonly calls: number;
  /** Hang up so long after the answer, for a far end that does not. */
  readonly hangupAfterMs?: number;
  readonly from: (index: number) => string;
}

export interface LoadResult {
  readonly calls: number;
  readonly failed: number;
  readonly seconds: number;
  /** INVITE sent to 200 received, milliseconds, sorted. */
  readonly setup: readonly number[];
  /** When each call's INVITE was sent, by its From number. */
  readonly sentAt: ReadonlyMap<string, number>;
}

/** Longest that a call may take before it counts as failed. */
const CALL_LIMIT_MS = 15_000;

/** Begins calls by the clock, whatever becomes of the earlier ones (an open loop), and waits for the last. */
export async function placeLoad(options: LoadOptions): Promise<LoadResult> {
  const { phones, sip, number, rate, calls, hangupAfterMs } = options;
  const setup: number[] = [];
  const sentAt = new Map<string, number>();
  const running: Promise<void>[] = [];
  let failed = 0;
  const startedAt = performance.now();

  const one = async (index: number): Promise<void> => {
    const from = options.from(index);
    const sent = performance.now();
    sentAt.set(from, sent);
    const phone = await phones.placeCall({ number, sip, from });
    const limit = setTimeout(() => void phone.hangup(), CALL_LIMIT_MS);
    try {
      await phone.answered;
      setup.push(performance.now() - sent);
      if (hangupAfterMs !== undefined) setTimeout(() => void phone.hangup(), hangupAfterMs);
    } catch {
      failed += 1;
    }
    const end = await phone.ended;
    if (end.by === 'timeout') failed += 1;
    clearTimeout(limit);
  };

  for (let index = 0; index < calls; index += 1) {
    const due = startedAt + (index * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    running.push(
      one(index).catch(() => {
        failed += 1;
      }),
    );
  }
  await Promise.all(running);
  return { calls, failed, seconds: (performance.now() - startedAt) / 1000, setup: setup.sort((a, b) => a - b), sentAt };
}

/** The value below which `share` of the sorted values lie. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
