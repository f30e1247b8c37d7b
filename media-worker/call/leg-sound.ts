import { engineCodes } from '../../crds/errors/engine.ts';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { MediaEndpoint } from '../media/endpoint.ts';
import { describeSound, type Sound } from '../media/sound.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { BackgroundRecording, PlayOptions, PlayOutcome, RecordOptions, RecordOutcome } from './call.ts';
import type { DigitQueue } from './digits.ts';
import type { CallResources } from './resources.ts';
import { pause, unlessAborted } from './waiting.ts';

/** Pause between digits that are sent, beside the digit's own length. */
const DIGIT_GAP_MS = 50;
/** Milliseconds that `w` and `W` pause. */
const PAUSES: Readonly<Record<string, number>> = { w: 500, W: 1000 };
/** Characters of a sound's description in a trace. */
const LONGEST_DESCRIPTION = 512;

export interface LegSoundOptions {
  readonly resources: CallResources;
  /** The far end's offer; empty when the offer will be ours. */
  readonly remoteSdp: string;
  readonly account: string;
  /** The call's. */
  readonly span: CallSpan;
  /** Digits that come in the sound (RFC 4733) are put there. */
  readonly digits: DigitQueue;
  /** The call's: everything here ends with it. */
  readonly signal: AbortSignal;
  /** No endpoint could be had; has to end the call. */
  readonly onUnavailable: (reason: Fault) => Promise<void>;
  /** FreeSWITCH ended the endpoint by itself. */
  readonly onLost: (cause: string) => void;
}

/** The sound of one leg: an endpoint on FreeSWITCH, made when it is first needed, and what is played on it. */
export class LegSound {
  readonly #options: LegSoundOptions;
  #endpoint: Promise<MediaEndpoint> | undefined;

  constructor(options: LegSoundOptions) {
    this.#options = options;
  }

  /** The endpoint, made at the first call. Does not wait for it longer than the call lasts; `release` does. */
  endpoint(): Promise<MediaEndpoint> {
    this.#endpoint ??= this.#makeEndpoint();
    return unlessAborted(this.#endpoint, this.#options.signal);
  }

  async #makeEndpoint(): Promise<MediaEndpoint> {
    const { resources, remoteSdp, digits, signal, span: call, onUnavailable, onLost } = this.#options;
    signal.throwIfAborted();
    const span = call.child('media.endpoint');
    // What comes too late is closed when the leg, and perhaps the call, is over: its span has no place in the trace by then.
    const onEnd = (): void => span.end();
    signal.addEventListener('abort', onEnd, { once: true });
    try {
      const endpoint = await resources.media().createEndpoint(remoteSdp, signal);
      endpoint.onDigit = (digit) => {
        if (!signal.aborted) digits.push(digit);
      };
      endpoint.onLost = (cause) => {
        call.warn(fault(routingCodes.mediaLost, `FreeSWITCH ended the endpoint with ${cause}`));
        onLost(cause);
      };
      span.set({ 'pivot.media.endpoint': endpoint.uuid });
      return endpoint;
    } catch (error) {
      signal.throwIfAborted();
      const reason = faultOf(error, routingCodes.mediaUnavailable);
      span.fail(reason, true);
      await onUnavailable(reason);
      throw signal.reason ?? error;
    } finally {
      signal.removeEventListener('abort', onEnd);
      if (!signal.aborted) span.end();
    }
  }

  /** Plays a sound once, in a span of its own. `begin` answers the call, or begins early media. */
  play(sound: Sound, options: PlayOptions, begin: () => Promise<void>): Promise<PlayOutcome> {
    const what = {
      'pivot.media.kind': sound.kind,
      'pivot.media.sound': describeSound(sound).slice(0, LONGEST_DESCRIPTION),
    };
    return options.span.run('media.play', what, async (span) => {
      const outcome = await this.#play(sound, { ...options, span }, begin);
      span.set({ 'pivot.media.outcome': outcome.kind });
      if (outcome.kind === 'failed') span.warn(outcome.fault);
      return outcome;
    });
  }

  async #play(sound: Sound, options: PlayOptions, begin: () => Promise<void>): Promise<PlayOutcome> {
    const { resources, account, digits, signal } = this.#options;
    const { span } = options;
    const stop = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    // The sound is fetched or spoken while the call is being answered.
    const prepared = resources.sounds.prepare(sound, { account, signal: stop, span });
    prepared.catch(() => {});
    await begin();
    const endpoint = await this.endpoint();

    const key = new AbortController();
    const stopListening = digits.listen((digit) => {
      if (options.stopOn.includes(digit)) key.abort(digit);
    });
    try {
      const ready = await prepared;
      if (!ready.ok) return { kind: 'failed', fault: ready.fault };
      for (const warning of ready.warnings) span.warn(warning);
      const playing = endpoint.play(ready.prepared.reference, AbortSignal.any([stop, key.signal]));
      const outcome = await unlessAborted(playing, signal);
      if (key.signal.aborted) return { kind: 'digit', digit: String(key.signal.reason) };
      if (outcome.kind !== 'not-found') return outcome;
      const message = `FreeSWITCH could not play ${describeSound(sound)}: ${outcome.response}`;
      return { kind: 'failed', fault: fault(mediaCodes.notPlayable, message) };
    } catch (error) {
      signal.throwIfAborted();
      if (options.signal?.aborted === true) return { kind: 'stopped' };
      return { kind: 'failed', fault: faultOf(error, mediaCodes.notPlayable) };
    } finally {
      stopListening();
    }
  }

  /** Records the caller, in a span of its own. The call's end is an outcome. */
  record(options: RecordOptions): Promise<RecordOutcome> {
    return options.span.run('media.record', { 'pivot.media.limit': options.maxSeconds }, async (span) => {
      const outcome = await this.#record(options);
      span.set({ 'pivot.media.outcome': outcome.endedBy });
      if (outcome.endedBy === 'failed') span.warn(outcome.fault);
      return outcome;
    });
  }

  async #record({ path, maxSeconds, silenceSeconds, stopOn }: RecordOptions): Promise<RecordOutcome> {
    const { digits, signal } = this.#options;
    const endpoint = await this.endpoint();
    const key = new AbortController();
    const stopListening = digits.listen((digit) => {
      if (!stopOn.includes(digit) || key.signal.aborted) return;
      digits.takeBack(digit);
      key.abort(digit);
    });
    try {
      const recorded = await endpoint.record(
        path,
        { maxSeconds, silenceSeconds },
        AbortSignal.any([signal, key.signal]),
      );
      if (key.signal.aborted) return { endedBy: 'key', key: String(key.signal.reason) };
      if (signal.aborted) return { endedBy: 'hangup' };
      return { endedBy: recorded.ms >= maxSeconds * 1000 ? 'limit' : 'silence', ms: recorded.ms };
    } catch (error) {
      if (signal.aborted) return { endedBy: 'hangup' };
      return { endedBy: 'failed', fault: faultOf(error, recordingCodes.notRecorded) };
    } finally {
      stopListening();
    }
  }

  /** Begins to record both directions. */
  async recordBeside(options: { path: string; channels: 1 | 2; maxSeconds: number }): Promise<BackgroundRecording> {
    const endpoint = await this.endpoint();
    await unlessAborted(endpoint.startRecording(options), this.#options.signal);
    return { stop: () => endpoint.stopRecording(options.path) };
  }

  /** Sends digits and waits until they are out. What FreeSWITCH refuses is a warning. */
  async sendDigits(keys: string, durationMs: number): Promise<void> {
    const { signal, span } = this.#options;
    const endpoint = await this.endpoint();
    try {
      await unlessAborted(endpoint.sendDigits(keys, durationMs), signal);
    } catch (error) {
      signal.throwIfAborted();
      span.warn(faultOf(error, engineCodes.digitsNotSent));
      return;
    }
    const total = [...keys].reduce((sum, key) => sum + (PAUSES[key] ?? durationMs + DIGIT_GAP_MS), 0);
    await pause(total, signal);
  }

  /** Frees the endpoint, also one that is still being made. Resolves when nothing of it is left. */
  async release(): Promise<void> {
    const endpoint = await this.#endpoint?.catch(() => undefined);
    await endpoint?.close();
  }
}
