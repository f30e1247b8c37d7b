import type { Tracer } from '@opentelemetry/api';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import type { Logger } from '../../runtime/log.ts';
import { pause } from '../call/waiting.ts';
import { createGate, type Gate } from '../media/gate.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { CallSpan } from '../telemetry/span.ts';
import { beneath, readTraceparent } from '../telemetry/traceparent.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { Entries } from './entries.ts';
import { nextStep, type RecordingEntry } from './entry.ts';
import type { RecordingFolder } from './folder.ts';
import type { Mp3Encoder } from './mp3.ts';
import { type Delivered, tellStatus } from './status-callback.ts';
import type { RecordingStore } from './store.ts';
import { upload } from './upload.ts';

/** Recordings that are being sent at once. */
const AT_ONCE = 4;
/** Milliseconds before the second attempt; doubles. */
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 10 * 60_000;
const GIVEN_UP_AFTER_MS = 24 * 3_600_000;
/** Being told that a recording goes on is of no use when it is over. */
const MOST_IN_PROGRESS_ATTEMPTS = 3;

export interface DeliveriesOptions {
  readonly folder: RecordingFolder;
  readonly entries: Entries;
  readonly outgoing: Outgoing;
  readonly store: RecordingStore | undefined;
  readonly encoder: Mp3Encoder | undefined;
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly userAgent: string;
  /** What the callbacks of a recording are signed with. */
  readonly settingsOf: (entry: RecordingEntry) => PivotSettings | undefined;
  readonly onDelivered: (what: 'upload' | 'callback', result: 'ok' | 'failed' | 'given up') => void;
  /** Replaceable for tests. */
  readonly firstPauseMs?: number;
  readonly giveUpAfterMs?: number;
}

/**
 * Sends recordings where they belong, and tells web servers of them, again and again until it works. What is still to be done stands in
 * the entries on the disk, so it goes on after a restart.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #gate: Gate = createGate(AT_ONCE, Number.POSITIVE_INFINITY);
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** Recordings about which something has still to be sent. */
  get waiting(): number {
    return this.#running.size;
  }

  /** Does what an entry still asks for. To be called again whenever it asks for more. */
  attend(sid: string): void {
    if (this.#stop.signal.aborted) return;
    const before = this.#running.get(sid) ?? Promise.resolve();
    const { log } = this.#options;
    const run = before
      .then(() => this.#run(sid))
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) log.error({ err: error, recording: sid }, 'the delivery of a recording ended');
      })
      .finally(() => {
        if (this.#running.get(sid) === run) this.#running.delete(sid);
      });
    this.#running.set(sid, run);
  }

  /** Resolves when what is under way for one recording is done. */
  async settledFor(sid: string): Promise<void> {
    await this.#running.get(sid);
  }

  /** Resolves when nothing is under way any more, now. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running.values()]);
  }

  /** Breaks off what is under way; it is done again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the worker is stopping'));
    await this.settled();
  }

  async #run(sid: string): Promise<void> {
    const { entries, firstPauseMs = FIRST_PAUSE_MS } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      const entry = entries.get(sid);
      const step = entry === undefined ? undefined : nextStep(entry);
      if (entry === undefined || step === undefined) break;
      const release = await this.#gate.enter(signal, () => new Error('unreachable: the gate has no limit'));
      let delivered: Delivered;
      try {
        delivered = await this.#deliver(entry, step);
      } finally {
        release();
      }
      const now = await this.#note(entry, step, delivered);
      if (now.failures > 0) await pause(Math.min(firstPauseMs * 2 ** (now.failures - 1), LONGEST_PAUSE_MS), signal);
    }
    await entries.rest(sid);
  }

  /** One attempt, in a span of its own beneath the span that the recording was made in. */
  async #deliver(entry: RecordingEntry, step: NonNullable<ReturnType<typeof nextStep>>): Promise<Delivered> {
    const { tracer, settingsOf, userAgent } = this.#options;
    const attributes = {
      'pivot.recording.sid': entry.sid,
      'pivot.call.id': entry.callId,
      'pivot.account': entry.account,
      'pivot.callflow': entry.callflow,
      'pivot.recording.attempt': entry.failures + 1,
    };
    const name = step === 'upload' ? 'recording.upload' : 'recording.callback';
    const span = CallSpan.beneath(tracer, name, attributes, beneath(readTraceparent(entry.traceparent)), 'client');
    const common = { ...this.#options, span, settings: settingsOf(entry), userAgent, signal: this.#stop.signal };
    try {
      const delivered =
        step === 'upload'
          ? await upload(entry, entry.destination!, common)
          : entry.callback === undefined
            ? ({ ok: true } as const)
            : await tellStatus(entry, entry.callback, step, common);
      if (!delivered.ok) span.fail(delivered.fault);
      return delivered;
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      const failed = faultOf(error, step === 'upload' ? recordingCodes.uploadFailed : recordingCodes.callbackFailed);
      span.fail(failed);
      return { ok: false, fault: failed, again: true };
    } finally {
      span.end();
    }
  }

  /** Writes down what became of an attempt. */
  async #note(
    entry: RecordingEntry,
    step: NonNullable<ReturnType<typeof nextStep>>,
    delivered: Delivered,
  ): Promise<RecordingEntry> {
    const { entries, log, onDelivered, giveUpAfterMs = GIVEN_UP_AFTER_MS } = this.#options;
    const what = step === 'upload' ? 'upload' : 'callback';
    const { failures: _, failingSince, ...clean } = entry;
    if (delivered.ok) {
      onDelivered(what, 'ok');
      return entries.change(entry.sid, (now) => without({ ...now, failures: 0 }, step));
    }
    const since = failingSince ?? Date.now();
    const hopeless =
      !delivered.again ||
      Date.now() - since >= giveUpAfterMs ||
      (step === 'in-progress' && entry.failures + 1 >= MOST_IN_PROGRESS_ATTEMPTS);
    const about = {
      recording: entry.sid,
      call_id: entry.callId,
      account: entry.account,
      trace_id: readTraceparent(entry.traceparent)?.traceId,
    };
    if (!hopeless) {
      onDelivered(what, 'failed');
      log.warn({ ...about, code: delivered.fault.code, attempt: entry.failures + 1 }, delivered.fault.message);
      return entries.change(entry.sid, (now) => ({ ...now, failures: entry.failures + 1, failingSince: since }));
    }
    onDelivered(what, 'given up');
    const givenUp: Fault = fault(recordingCodes.uploadGivenUp, `given up: ${delivered.fault.message}`);
    log.error({ ...about, code: step === 'upload' ? givenUp.code : delivered.fault.code }, givenUp.message);
    return entries.change(entry.sid, (now) =>
      step === 'upload'
        ? {
            ...clean,
            ...now,
            failures: 0,
            uploadGivenUp: true,
            toTell: now.toTell.map((one) => (one === 'completed' ? 'failed' : one)),
          }
        : without({ ...now, failures: 0 }, step),
    );
  }
}

/** The entry when a step needs not be done any more. */
function without(entry: RecordingEntry, step: string): RecordingEntry {
  const { failingSince: _, destination, ...rest } = entry;
  if (step === 'upload') return rest;
  const [first, ...others] = entry.toTell;
  return {
    ...rest,
    ...(destination === undefined ? {} : { destination }),
    toTell: first === step ? others : entry.toTell,
  };
}
