/** Sending digits on a channel. */

import { numberOf } from './arguments.ts';
import type { Channel } from './channel.ts';

/** FreeSWITCH's default-dtmf-duration, 2000 samples, and its limits (switch_core.h). */
const DEFAULT_MS = 250;
const MIN_MS = 50;
const MAX_MS = 24_000;

/** `DIGITS[@MS]`: sent one after another; nothing waits for them. False when there is none to send. */
export function sendDigits(channel: Channel, text: string): boolean {
  const [digits, duration] = text.split('@');
  const wanted = (digits ?? '').replace(/[^0-9*#A-Da-dwW]/g, '');
  if (wanted === '') return false;
  channel.rtp.sendDigits(wanted, numberOf(duration, DEFAULT_MS, MIN_MS, MAX_MS)).catch((error: unknown) => {
    channel.core.log('debug', 'digits not sent', { uuid: channel.uuid, error: String(error) });
  });
  return true;
}
