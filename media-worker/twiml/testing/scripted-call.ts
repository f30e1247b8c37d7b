import {
  type BackgroundRecording,
  type Call,
  type CallEnd,
  type CallMemory,
  OWN_CALLER_ID,
  type PlayOptions,
  type PlayOutcome,
  type RecordOptions,
  type RecordOutcome,
} from '../../call/call.ts';
import { DigitQueue } from '../../call/digits.ts';
import type { CallFacts } from '../../call/facts.ts';
import type { Referred } from '../../call/refer.ts';
import { unlessAborted } from '../../call/waiting.ts';
import { describeSound, type Sound } from '../../media/sound.ts';
import { FakeLegMedia } from '../../media/testing/fake-leg-media.ts';
import type { CallSpan } from '../../telemetry/span.ts';

/** Something that a call did, with the virtual time in milliseconds. */
export type Done =
  | { readonly at: number; readonly did: 'answer' }
  | {
      readonly at: number;
      readonly did: 'play';
      readonly sound: Sound;
      readonly early: boolean;
      readonly stopOn: string;
    }
  | { readonly at: number; readonly did: 'played'; readonly what: string; readonly how: PlayOutcome['kind'] }
  | {
      readonly at: number;
      readonly did: 'record';
      readonly path: string;
      readonly maxSeconds: number;
      readonly silenceSeconds: number;
      readonly stopOn: string;
    }
  | { readonly at: number; readonly did: 'recorded'; readonly how: RecordOutcome['endedBy'] }
  | { readonly at: number; readonly did: 'record beside' | 'stop beside'; readonly path: string }
  | { readonly at: number; readonly did: 'refer'; readonly uri: string; readonly limitMs: number }
  | { readonly at: number; readonly did: 'send'; readonly digits: string; readonly durationMs?: number }
  | {
      readonly at: number;
      readonly did: 'hangup';
      readonly cause?: string;
      readonly sipStatus?: number;
      readonly reason?: string;
    };

export interface ScriptedCallOptions {
  /** Length of a sound in milliseconds by `describeSound`; 2000 for all others. `fail` for one that cannot be played. */
  readonly sounds?: Readonly<Record<string, number | 'fail'>>;
  readonly answered?: boolean;
  /** Milliseconds that the caller speaks while being recorded; silence follows. Default: 2000. */
  readonly speaksMs?: number;
}

/** A `Call` without SIP and media: real digits, virtual sounds. It notes what was done to it. */
export class ScriptedCall implements Call {
  readonly digits = new DigitQueue();
  readonly memory: CallMemory = {
    language: 'en-us',
    customApplicationVars: new Map(),
    customSipHeaders: new Map(),
    customChannelVars: new Map(),
    collections: new Map(),
    sensitiveCollections: new Set(),
    variables: new Map(),
    recording: undefined,
    callerId: OWN_CALLER_ID,
  };
  readonly log: Done[] = [];
  readonly span: CallSpan;
  answered: boolean;
  readonly #end = new AbortController();
  readonly #answered = Promise.withResolvers<void>();
  readonly #speaksMs: number;
  readonly #sounds: Readonly<Record<string, number | 'fail'>>;

  constructor(span: CallSpan, options: ScriptedCallOptions = {}) {
    this.span = span;
    this.answered = options.answered ?? false;
    this.#speaksMs = options.speaksMs ?? 2000;
    this.#sounds = options.sounds ?? {};
    if (this.answered) this.#answered.resolve();
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  facts(): CallFacts {
    const { language, customApplicationVars, customSipHeaders, collections, variables } = this.memory;
    return {
      callId: 'call-1@phone.example',
      account: 'acme',
      callflow: 'acme/support',
      number: '2030',
      direction: 'inbound',
      status: this.answered ? 'in-progress' : 'ringing',
      from: { user: '+15550100', host: 'phone.example' },
      to: { user: '2030', host: 'pivot.example' },
      request: { user: '2030', host: 'pivot.example' },
      callerIdName: 'Alice',
      callerIdNumber: '+15550100',
      userIds: [],
      language,
      customApplicationVars: Object.fromEntries(customApplicationVars),
      customSipHeaders: Object.fromEntries(customSipHeaders),
      collections: Object.fromEntries(collections),
      variables: Object.fromEntries(variables),
    };
  }

  untilAnswered(): Promise<void> {
    return unlessAborted(this.#answered.promise, this.signal);
  }

  async answer(): Promise<void> {
    this.signal.throwIfAborted();
    if (this.answered) return;
    this.answered = true;
    this.#answered.resolve();
    this.log.push({ at: Date.now(), did: 'answer' });
  }

  async play(sound: Sound, options: PlayOptions): Promise<PlayOutcome> {
    this.signal.throwIfAborted();
    if (options.early !== true) await this.answer();
    this.log.push({ at: Date.now(), did: 'play', sound, early: options.early === true, stopOn: options.stopOn });
    const what = describeSound(sound);
    const outcome = await this.#hear(this.#sounds[what] ?? 2000, options);
    this.log.push({ at: Date.now(), did: 'played', what, how: outcome.kind });
    return outcome;
  }

  #hear(length: number | 'fail', options: PlayOptions): Promise<PlayOutcome> {
    if (length === 'fail') {
      return Promise.resolve({
        kind: 'failed',
        fault: { code: 'PV-1999', severity: 'warning', message: 'no such sound' },
      });
    }
    if (options.signal?.aborted === true) return Promise.resolve({ kind: 'stopped' });
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        stopListening();
        settle();
      };
      const timer = setTimeout(() => done(() => resolve({ kind: 'finished' })), length);
      const stopListening = this.digits.listen((digit) => {
        if (options.stopOn.includes(digit)) done(() => resolve({ kind: 'digit', digit }));
      });
      options.signal?.addEventListener('abort', () => done(() => resolve({ kind: 'stopped' })), { once: true });
      this.signal.addEventListener('abort', () => done(() => reject(this.signal.reason)), { once: true });
    });
  }

  async record(options: RecordOptions): Promise<RecordOutcome> {
    await this.answer();
    const { path, maxSeconds, silenceSeconds, stopOn } = options;
    const from = Date.now();
    this.log.push({ at: from, did: 'record', path, maxSeconds, silenceSeconds, stopOn });
    const outcome = await this.#recorded(options);
    this.log.push({ at: Date.now(), did: 'recorded', how: outcome.endedBy });
    return outcome;
  }

  #recorded({ maxSeconds, silenceSeconds, stopOn }: RecordOptions): Promise<RecordOutcome> {
    const silentAt = silenceSeconds === 0 ? Number.POSITIVE_INFINITY : this.#speaksMs + silenceSeconds * 1000;
    const ms = Math.min(silentAt, maxSeconds * 1000);
    return new Promise((resolve) => {
      const done = (outcome: RecordOutcome): void => {
        clearTimeout(timer);
        stopListening();
        resolve(outcome);
      };
      const timer = setTimeout(() => done({ endedBy: ms === silentAt ? 'silence' : 'limit', ms }), ms);
      const stopListening = this.digits.listen((digit) => {
        if (!stopOn.includes(digit)) return;
        this.digits.takeBack(digit);
        done({ endedBy: 'key', key: digit });
      });
      this.signal.addEventListener('abort', () => done({ endedBy: 'hangup' }), { once: true });
    });
  }

  readonly sound = new FakeLegMedia();

  async media(): Promise<FakeLegMedia> {
    await this.answer();
    return this.sound;
  }

  async earlyMedia(): Promise<FakeLegMedia> {
    this.signal.throwIfAborted();
    return this.sound;
  }

  async recordBeside({ path }: { path: string }): Promise<BackgroundRecording> {
    await this.answer();
    this.log.push({ at: Date.now(), did: 'record beside', path });
    return {
      stop: async () => {
        this.log.push({ at: Date.now(), did: 'stop beside', path });
      },
    };
  }

  async sendDigits(digits: string, durationMs?: number): Promise<void> {
    await this.answer();
    this.log.push({ at: Date.now(), did: 'send', digits, ...(durationMs === undefined ? {} : { durationMs }) });
  }

  /** What becomes of a transfer. */
  referred: Referred = { status: 'completed', referStatus: 202, notifyStatus: 200 };

  async refer(uri: string, limitMs: number): Promise<Referred> {
    await this.answer();
    this.log.push({ at: Date.now(), did: 'refer', uri, limitMs });
    return this.referred;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const either = signal === undefined ? this.signal : AbortSignal.any([this.signal, signal]);
    either.throwIfAborted();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      either.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          reject(either.reason);
        },
        { once: true },
      );
    });
  }

  async hangup(options: { cause?: string; sipStatus?: number; reason?: string } = {}): Promise<void> {
    if (this.signal.aborted) return;
    const { cause, sipStatus } = options;
    this.log.push({ at: Date.now(), did: 'hangup', ...options });
    this.end({ side: 'worker', cause: cause ?? 'NORMAL_CLEARING', ...(sipStatus === undefined ? {} : { sipStatus }) });
  }

  /** The call ends, e.g. because the caller hangs up. */
  end(reason: CallEnd): void {
    this.#end.abort(reason);
  }
}
