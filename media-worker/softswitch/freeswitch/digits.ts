/** Collecting digits behind a prompt: switch_ivr_read and switch_play_and_get_digits (transcripts 33 and 33b). */

import type { ReceivedDigit } from '../rtp/types.ts';
import { numberOf } from './arguments.ts';
import type { ApplicationContext } from './execution.ts';
import { playFile } from './playback.ts';

export interface ReadOptions {
  readonly min: number;
  readonly max: number;
  /** Milliseconds for the first digit, and between digits. */
  readonly timeoutMs: number;
  readonly digitTimeoutMs: number;
  readonly terminators: string;
  readonly prompt: string;
  readonly variable: string;
}

/** What `read` and `play_and_get_digits` have in common among their arguments, as they are written. */
export interface ReadArguments {
  readonly min: string | undefined;
  readonly max: string | undefined;
  readonly timeout: string | undefined;
  readonly digitTimeout: string | undefined;
  readonly terminators: string | undefined;
  readonly prompt: string;
  readonly variable: string | undefined;
}

const MAX_DIGITS = 128;
const MIN_TIMEOUT_MS = 1000;

export function readOptions(given: ReadArguments): ReadOptions {
  const timeoutMs = Math.max(MIN_TIMEOUT_MS, numberOf(given.timeout, MIN_TIMEOUT_MS));
  return {
    min: numberOf(given.min, 0, 0, MAX_DIGITS),
    max: Math.max(1, numberOf(given.max, MAX_DIGITS, 0, MAX_DIGITS)),
    timeoutMs,
    digitTimeoutMs: numberOf(given.digitTimeout, 0) || timeoutMs,
    terminators: given.terminators === 'none' ? '' : (given.terminators ?? '#'),
    prompt: given.prompt,
    variable: given.variable ?? 'read_digits',
  };
}

export interface ReadResult {
  /** `timeout`: the far end stopped typing, with what it had typed being enough. */
  readonly status: 'success' | 'timeout' | 'failure';
  readonly digits: string;
}

/** One prompt and one collection. Sets the variable, `read_result` and `read_terminator_used`. */
export async function readDigits(context: ApplicationContext, options: ReadOptions): Promise<ReadResult> {
  const { channel } = context;
  const { min, terminators } = options;
  const max = Math.max(options.max, min);
  channel.setVariable('read_result', undefined);
  channel.setVariable(options.variable, undefined);
  let digits = '';
  let terminator: string | undefined;
  let playing = true;
  const complete = (): boolean => terminator !== undefined || (max > 0 && digits.length >= max);
  context.onDigit = ({ digit }: ReceivedDigit) => {
    if (complete()) return;
    if (terminators.includes(digit)) terminator = digit;
    else digits += digit;
    // The first digit ends the prompt; later ones come to the collection.
    if (playing) context.stop();
    context.wake();
  };
  let status: ReadResult['status'] = 'success';
  try {
    if (options.prompt !== '' && options.prompt !== 'silence') {
      const played = await playUnlessTyped(context, options.prompt, () => digits !== '' || terminator !== undefined);
      if (played === 'not-found' || played === 'aborted') status = 'failure';
    }
    playing = false;
    while (status === 'success' && !complete()) {
      const before = digits.length;
      await context.wait(before === 0 ? options.timeoutMs : options.digitTimeoutMs);
      if (context.signal.aborted) status = 'failure';
      else if (digits.length === before && terminator === undefined) status = 'timeout';
    }
  } finally {
    context.onDigit = undefined;
  }
  if (terminator !== undefined) channel.setVariable('read_terminator_used', terminator);
  if (digits.length < min) status = 'failure';
  channel.setVariable('read_result', status);
  channel.setVariable(options.variable, digits);
  return { status, digits };
}

/** A digit typed while a file of the prompt is being opened must end the prompt too. */
async function playUnlessTyped(
  context: ApplicationContext,
  prompt: string,
  typed: () => boolean,
): ReturnType<typeof playFile> {
  const result = await playFile(
    { ...context, play: (source) => (typed() ? Promise.resolve('break') : context.play(source)) },
    prompt,
  );
  return result;
}
