import type { Fault } from '../../../crds/errors/fault.ts';
import { toneShare } from '../audio/goertzel.ts';
import { rms } from '../audio/level.ts';
import { openRecorder, type Recorder } from '../audio/recorder.ts';
import { type AudioSink, FRAME_MS, FRAME_SAMPLES, type Frame, SAMPLE_RATE } from '../rtp/types.ts';

/** The tenth of a second heard last: tones 20 Hz apart can be told. */
const WINDOW = SAMPLE_RATE / 10;
/** A frame of at least this root mean square is sound; a quiet line has below 20, the softest speech about 100. */
const SOUND_LEVEL = 60;
/** Pauses between words, up to this long, do not end a stretch of sound: 200 ms. */
const PAUSE_FRAMES = 10;
/** A tone is there when it has this share of what was heard in the last 100 ms. */
const TONE_SHARE = 0.6;

/** A stretch of sound, in ms of heard time. */
export interface Sound {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a phone hears, as it is heard. All times are of heard sound: 20 ms per frame, from the moment media began. */
export interface Ear {
  readonly heardMs: number;
  /** Root mean square of the last frame, 0 to 32768. */
  readonly level: number;
  /** Frames of at least 20 ms of sound so far, and stretches of it that are over. */
  readonly soundMs: number;
  readonly sounds: readonly Sound[];
  /** How much of the last 100 ms is a sine of that frequency, 0 to 1. */
  tone(frequency: number): number;
  /** Resolves when `condition` holds after a frame; rejects when the call ends before, or `signal` aborts. */
  until(condition: (ear: Ear) => boolean, signal?: AbortSignal): Promise<void>;
  /** Resolves when that tone is heard. */
  untilTone(frequency: number, signal?: AbortSignal): Promise<void>;
  /** Resolves when there is sound. */
  untilSound(signal?: AbortSignal): Promise<void>;
  /** Resolves when nothing was heard for so long, from now on. */
  untilSilence(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

interface Waiting {
  readonly condition: () => boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** More stretches than this are not listed, though still heard. */
const MAX_SOUNDS = 10_000;

export class ListeningEar implements Ear, AudioSink {
  heardMs = 0;
  level = 0;
  soundMs = 0;
  readonly sounds: Sound[] = [];
  /** Called as a stretch of sound begins (true) and ends (false). */
  onSound: ((sounding: boolean) => void) | undefined;

  readonly #window = new Int16Array(WINDOW);
  #at = 0;
  readonly #recorder: Recorder | undefined;
  readonly #waiting = new Set<Waiting>();
  #soundFrom = -1;
  #quietFrames = 0;
  #closed = false;

  private constructor(recorder: Recorder | undefined) {
    this.#recorder = recorder;
  }

  /** `record`: a wav file for what is heard. */
  static async open(record: string | undefined): Promise<ListeningEar | Fault> {
    if (record === undefined) return new ListeningEar(undefined);
    const recorder = await openRecorder(record, { channels: 1 });
    return 'code' in recorder ? recorder : new ListeningEar(recorder);
  }

  write(frame: Frame): void {
    this.#recorder?.write(frame);
    this.#window.set(frame, this.#at);
    this.#at = (this.#at + FRAME_SAMPLES) % WINDOW;
    this.heardMs += FRAME_MS;
    this.level = rms(frame);
    this.#follow();
    for (const waiting of this.#waiting) {
      if (!waiting.condition()) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  tone(frequency: number): number {
    return this.level === 0 ? 0 : toneShare(this.#window, frequency);
  }

  until(condition: (ear: Ear) => boolean, signal?: AbortSignal): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the call is over'));
    return new Promise((resolve, reject) => {
      const abort = (): void => waiting.reject(signal?.reason);
      const waiting: Waiting = {
        condition: () => condition(this),
        resolve: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        reject: (error) => {
          this.#waiting.delete(waiting);
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      if (signal?.aborted === true) abort();
      else {
        signal?.addEventListener('abort', abort);
        this.#waiting.add(waiting);
      }
    });
  }

  untilTone(frequency: number, signal?: AbortSignal): Promise<void> {
    return this.until(() => this.level >= SOUND_LEVEL && this.tone(frequency) >= TONE_SHARE, signal);
  }

  untilSound(signal?: AbortSignal): Promise<void> {
    return this.until(() => this.level >= SOUND_LEVEL, signal);
  }

  untilSilence(milliseconds: number, signal?: AbortSignal): Promise<void> {
    let quietMs = 0;
    return this.until(() => {
      quietMs = this.level >= SOUND_LEVEL ? 0 : quietMs + FRAME_MS;
      return quietMs >= milliseconds;
    }, signal);
  }

  /** Nothing more will be heard. What waits is rejected at once; the recording may need longer (`recorded`). */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endSound();
    for (const waiting of [...this.#waiting]) waiting.reject(new Error('the call is over'));
  }

  /** Resolves when the recording is complete; with what was wrong with it. */
  async recorded(): Promise<Fault | undefined> {
    await this.#recorder?.close();
    return this.#recorder?.fault;
  }

  #follow(): void {
    if (this.level >= SOUND_LEVEL) {
      this.soundMs += FRAME_MS;
      this.#quietFrames = 0;
      if (this.#soundFrom < 0) {
        this.#soundFrom = this.heardMs - FRAME_MS;
        this.onSound?.(true);
      }
    } else if (this.#soundFrom >= 0 && ++this.#quietFrames > PAUSE_FRAMES) this.#endSound();
  }

  #endSound(): void {
    if (this.#soundFrom < 0) return;
    const toMs = this.heardMs - this.#quietFrames * FRAME_MS;
    if (this.sounds.length < MAX_SOUNDS) this.sounds.push({ fromMs: this.#soundFrom, toMs });
    this.#soundFrom = -1;
    this.#quietFrames = 0;
    this.onSound?.(false);
  }
}
