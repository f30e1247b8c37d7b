import type { Call } from './call.ts';

export interface CollectOptions {
  /** Stop at so many digits. */
  readonly maxDigits: number;
  /** Wait for the first digit, from the end of the prompt. */
  readonly firstDigitMs: number;
  /** Wait for each further digit. */
  readonly interDigitMs: number;
  /** Keys that end the collection and are not part of it. */
  readonly terminators: string;
  /** Digits that were collected before. */
  readonly initial?: string;
  /** Plays the prompt; aborted at the first digit. Left out when digits are there already. */
  readonly prompt?: (signal: AbortSignal) => Promise<void>;
}

export interface Collected {
  readonly digits: string;
  readonly endedBy: 'max' | 'terminator' | 'timeout';
  /** The key, when a terminator ended it. */
  readonly terminator?: string;
}

/**
 * Collects digits, from the call's queue first (type-ahead counts). The prompt stops at the first digit, whatever its own terminators
 * say; the timer starts after the prompt and starts again at every digit. Rejects only when the call ends.
 */
export async function collectDigits(call: Call, options: CollectOptions): Promise<Collected> {
  let digits = options.initial ?? '';
  const take = (digit: string): Collected | undefined => {
    if (options.terminators.includes(digit)) return { digits, endedBy: 'terminator', terminator: digit };
    digits += digit;
    return digits.length >= options.maxDigits ? { digits, endedBy: 'max' } : undefined;
  };
  if (digits.length >= options.maxDigits) return { digits: digits.slice(0, options.maxDigits), endedBy: 'max' };

  if (options.prompt !== undefined && call.digits.pending === '' && digits === '') {
    await promptUntilDigit(call, options.prompt);
  }
  for (;;) {
    const digit = await call.digits.next(digits === '' ? options.firstDigitMs : options.interDigitMs, call.signal);
    if (digit === undefined) return { digits, endedBy: 'timeout' };
    const done = take(digit);
    if (done !== undefined) return done;
  }
}

/** Runs the prompt; the first digit aborts it. Returns when the prompt has really stopped. */
async function promptUntilDigit(call: Call, prompt: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const atFirstDigit = new AbortController();
  const stopListening = call.digits.listen(() => atFirstDigit.abort());
  try {
    await prompt(AbortSignal.any([call.signal, atFirstDigit.signal]));
  } catch (error) {
    if (call.signal.aborted || !atFirstDigit.signal.aborted) throw error;
  } finally {
    stopListening();
  }
}
