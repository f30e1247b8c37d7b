import { DTMF_KEYS } from '../call/digits.ts';

/**
 * The digit of a SIP INFO body: `application/dtmf-relay` (`Signal=5`, `Duration=160`; Cisco's names 10 and 11 for `*` and `#`) or
 * `application/dtmf` (the digit alone). Undefined for anything else.
 */
export function digitOfInfo(contentType: string | undefined, body: string): string | undefined {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  const text = body.slice(0, 512);
  const signal =
    type === 'application/dtmf-relay'
      ? /^\s*Signal\s*=\s*([0-9A-D*#]{1,2})\s*$/im.exec(text)?.[1]
      : type === 'application/dtmf'
        ? text.trim()
        : undefined;
  if (signal === undefined) return undefined;
  const digit = signal === '10' ? '*' : signal === '11' ? '#' : signal.toUpperCase();
  return digit.length === 1 && DTMF_KEYS.includes(digit) ? digit : undefined;
}
