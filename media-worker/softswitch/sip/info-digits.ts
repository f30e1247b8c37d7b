/** Digits in INFO requests: `application/dtmf-relay` (`Signal=5`, `Duration=160` in ms) and `application/dtmf` (the digit alone). */

/** Digits by their number, as some phones write them. */
const NUMBERED: Readonly<Record<string, string>> = { 10: '*', 11: '#', 12: 'A', 13: 'B', 14: 'C', 15: 'D' };
const DEFAULT_MS = 250;
const MAX_MS = 24_000;

export interface InfoDigit {
  readonly digit: string;
  /** In units of 8000 Hz, as with RFC 4733. */
  readonly durationSamples: number;
  readonly source: 'INFO';
}

export function digitOfInfo(contentType: string, body: string): InfoDigit | undefined {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/dtmf-relay' && type !== 'application/dtmf') return undefined;
  const signal = /^\s*signal\s*=\s*(\S+)/im.exec(body)?.[1] ?? (type === 'application/dtmf' ? body.trim() : '');
  const digit = NUMBERED[signal] ?? signal.toUpperCase();
  if (!/^[0-9*#A-D]$/.test(digit)) return undefined;
  const milliseconds = Math.min(MAX_MS, Number(/^\s*duration\s*=\s*(\d+)/im.exec(body)?.[1] ?? DEFAULT_MS));
  return { digit, durationSamples: milliseconds * 8, source: 'INFO' };
}

/** The body of an INFO of type `application/dtmf-relay`. */
export function infoOfDigit(digit: string, durationMs: number): string {
  return `Signal=${digit.toUpperCase()}\r\nDuration=${durationMs}\r\n`;
}
