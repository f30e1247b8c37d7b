import type { Call } from './call.ts';

/**
 * The same call, with which things can be done only until `until` aborts: what is under way then rejects with its reason, as at the end of a
 * call. For documents that are heard while something is waited for.
 */
export function callUntil(call: Call, until: AbortSignal): Call {
  const signal = AbortSignal.any([call.signal, until]);
  const still = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    signal.throwIfAborted();
    return result;
  };
  return {
    signal,
    digits: call.digits,
    memory: call.memory,
    get answered() {
      return call.answered;
    },
    span: call.span,
    facts: () => call.facts(),
    untilAnswered: () => call.untilAnswered(),
    answer: () => still(call.answer()),
    play: (sound, options) => {
      signal.throwIfAborted();
      const stop = options.signal === undefined ? until : AbortSignal.any([until, options.signal]);
      return still(call.play(sound, { ...options, signal: stop }));
    },
    record: (options) => still(call.record(options)),
    recordBeside: (options) => call.recordBeside(options),
    media: () => call.media(),
    earlyMedia: () => call.earlyMedia(),
    sendDigits: (digits, durationMs) => still(call.sendDigits(digits, durationMs)),
    refer: (uri, limitMs) => call.refer(uri, limitMs),
    sleep: (ms, other) => call.sleep(ms, other === undefined ? signal : AbortSignal.any([signal, other])),
    hangup: (options) => call.hangup(options),
  };
}
