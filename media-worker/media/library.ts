import { type Fault, fault, faultOf, PivotError } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { CallSpan, SpanAttributes } from '../telemetry/span.ts';
import { fetchSound, type Made, type SoundMaking } from './fetched-sounds.ts';
import { createFileCache } from './file-cache.ts';
import { createSharedWork } from './shared-work.ts';
import type { PreparedSound, Sound } from './sound.ts';
import { createSpeechEngines, type SpeechOptions } from './speech/engines.ts';
import { speakSound } from './spoken-sounds.ts';
import { refuseStream, silenceMs } from './stream.ts';
import { createThreads } from './threads.ts';

export interface PrepareContext {
  /** Namespace on whose behalf the sound is fetched; copies of fetched sounds are not shared between accounts. */
  readonly account: string;
  /** Ends this caller's interest. Work that others wait for too goes on. */
  readonly signal: AbortSignal;
  /** Gets the attributes `pivot.media.*`. */
  readonly span: CallSpan;
}

export type Preparation =
  | { readonly ok: true; readonly prepared: PreparedSound; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly fault: Fault };

export interface SoundLimits {
  /** Bytes of a fetched file. Default 10 MB. */
  readonly fetchBytes: number;
  /** Milliseconds for fetching a file, redirects included. Default 10 s. */
  readonly fetchMs: number;
  /** Milliseconds for speaking a text, waiting for the engine included. Default 20 s. */
  readonly speechMs: number;
  /** Milliseconds for converting a file. Default 20 s. */
  readonly convertMs: number;
  /** Milliseconds that a sound may last. Default one hour. */
  readonly soundMs: number;
  /** Bytes of text spoken at once; the rest is cut. Default 4000 (spec pivot-behaviour 2.8). */
  readonly textBytes: number;
  /** Bytes of all stored sounds; the least recently used go first. Default 512 MB. */
  readonly storedBytes: number;
  /** Milliseconds after its fetch that a copy still stands in for a failing server. Default 7 days. */
  readonly staleMs: number;
}

export interface SoundLibraryOptions {
  /** Where sounds are stored; made if missing. FreeSWITCH must see it under the same path, unless `mediaUrl` is set. */
  readonly folder: string;
  /** Base URL at which `folder` is served to a FreeSWITCH that shares no disk; a reference is then `mediaUrl/FILE`. */
  readonly mediaUrl?: string;
  readonly outgoing: Pick<Outgoing, 'request'>;
  /** Looks a media resource up; undefined when there is none. */
  readonly resolveMedia?: (account: string, id: string) => Sound | undefined | Promise<Sound | undefined>;
  readonly speech?: SpeechOptions;
  readonly limits?: Partial<SoundLimits>;
  /** Threads that speak and decode. Default 1; they start when needed and end when idle. */
  readonly threads?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Told what no call is told: damaged copies, a folder that cannot be cleaned. */
  readonly report?: (fault: Fault) => void;
}

/** Makes sounds ready for FreeSWITCH: fetches, speaks, converts and keeps them. */
export interface SoundLibrary {
  /**
   * Makes the folder ready, and begins to load the English voice; throws a `PivotError` when the folder cannot be used. Optional: the
   * first `prepare` does it otherwise, and waits longer.
   */
  open(): Promise<void>;
  /** Rejects only with the reason of `signal`. The warnings are for the caller to report. */
  prepare(sound: Sound, context: PrepareContext): Promise<Preparation>;
  /** Sounds that are being spoken or converted, and those that wait for it. */
  readonly jobs: { readonly running: number; readonly waiting: number };
  /** Ends threads and programs, and removes what was not to be kept. */
  close(): Promise<void>;
}

const DEFAULT_SOUND_LIMITS: SoundLimits = {
  fetchBytes: 10 * 1024 * 1024,
  fetchMs: 10_000,
  speechMs: 20_000,
  convertMs: 20_000,
  soundMs: 3_600_000,
  textBytes: 4000,
  storedBytes: 512 * 1024 * 1024,
  staleMs: 7 * 24 * 3_600_000,
};

/** A thread with flite holds about 50 MB; starting one takes a fifth of a second. */
const THREAD_IDLE_MS = 5 * 60_000;
/** A media resource may name another one, but not without end. */
const MEDIA_DEPTH = 5;
/** What is played where there is nothing to say: the call goes on as after any sound. */
const NOTHING = 'silence_stream://20';

/** Makes a sound library. Nothing is started or opened yet. */
export function createSoundLibrary(options: SoundLibraryOptions): SoundLibrary {
  const limits = { ...DEFAULT_SOUND_LIMITS, ...options.limits };
  const cache = createFileCache({
    folder: options.folder,
    maxBytes: limits.storedBytes,
    report: options.report ?? (() => {}),
  });
  const threads = createThreads({ size: options.threads ?? 1, idleMs: THREAD_IDLE_MS });
  const shared = createSharedWork<Made>();
  const making: SoundMaking = {
    cache,
    threads,
    shared,
    outgoing: options.outgoing,
    limits,
    now: options.now ?? Date.now,
  };
  const engines = createSpeechEngines(options.speech ?? {}, {
    threads,
    outgoing: options.outgoing,
    timeoutMs: limits.speechMs,
  });
  const closing = new AbortController();
  let opened: Promise<void> | undefined;

  const open = async (): Promise<void> => {
    opened ??= cache.open();
    try {
      await opened;
    } catch (error) {
      opened = undefined; // so that the next one tries again
      throw error;
    }
  };

  const file = (made: Made): Preparation => {
    if (!made.ok && made.fault.code === mediaCodes.nothingToSay.code) {
      return { ok: true, prepared: { reference: NOTHING, cached: false, durationMs: 20 }, warnings: [made.fault] };
    }
    if (!made.ok) return made;
    const { sound, cached, warnings } = made;
    const base = options.mediaUrl?.replace(/\/+$/, '');
    const prepared: PreparedSound = {
      reference: base === undefined ? sound.path : `${base}/${sound.file}`,
      cached,
      durationMs: sound.durationMs,
      bytes: sound.bytes,
      ...(sound.engine === undefined ? {} : { engine: sound.engine }),
      ...(sound.voice === undefined ? {} : { voice: sound.voice }),
    };
    return { ok: true, prepared, warnings };
  };

  const make = async (sound: Sound, context: PrepareContext, depth: number): Promise<Preparation> => {
    const { account, signal } = context;
    switch (sound.kind) {
      case 'stream': {
        const refusal = refuseStream(sound.uri);
        if (refusal !== undefined) return { ok: false, fault: refusal };
        const durationMs = silenceMs(sound.uri);
        const prepared = { reference: sound.uri, cached: false, ...(durationMs === undefined ? {} : { durationMs }) };
        return { ok: true, prepared, warnings: [] };
      }
      case 'url':
        return file(await fetchSound(making, account, sound.url, signal));
      case 'speech':
        return file(await speakSound(making, engines, sound, signal));
      case 'media': {
        const found = await options.resolveMedia?.(account, sound.id);
        signal.throwIfAborted();
        const name = `"${sound.id.slice(0, 253)}" in ${account}`;
        if (found === undefined) {
          return { ok: false, fault: fault(mediaCodes.unknownMedia, `there is no media resource ${name}`) };
        }
        if (depth >= MEDIA_DEPTH) {
          return { ok: false, fault: fault(mediaCodes.unknownMedia, `the media resource ${name} leads in a circle`) };
        }
        return make(found, context, depth + 1);
      }
    }
  };

  return {
    async open() {
      await open();
      const warming = { signal: closing.signal, timeoutMs: limits.convertMs, onTimeout: mediaCodes.speechTooSlow };
      threads.run({ kind: 'warm' }, warming).catch(() => {});
    },
    async prepare(sound, context) {
      context.signal.throwIfAborted();
      if (closing.signal.aborted) return { ok: false, fault: closedFault() };
      let result: Preparation;
      try {
        if (sound.kind !== 'stream') await open();
        result = await make(sound, context, 0);
      } catch (error) {
        context.signal.throwIfAborted();
        result = { ok: false, fault: faultOf(error, mediaCodes.notConverted) };
      }
      if (result.ok) context.span.set(attributesOf(result.prepared));
      return result;
    },
    get jobs() {
      return threads.statistics;
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await shared.close(new PivotError(closedFault()));
      await engines.close();
      await threads.close();
      await opened?.catch(() => {});
      await cache.close();
    },
  };
}

function closedFault(): Fault {
  return fault(mediaCodes.closed, 'the media worker is shutting down');
}

function attributesOf({ cached, engine, voice, durationMs, bytes }: PreparedSound): SpanAttributes {
  return {
    'pivot.media.cached': cached,
    ...(engine === undefined ? {} : { 'pivot.media.engine': engine }),
    ...(voice === undefined ? {} : { 'pivot.media.voice': voice }),
    ...(durationMs === undefined ? {} : { 'pivot.media.duration_ms': durationMs }),
    ...(bytes === undefined ? {} : { 'pivot.media.size': bytes }),
  };
}
