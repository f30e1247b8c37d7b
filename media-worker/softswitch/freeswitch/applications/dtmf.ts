/** `send_dtmf`, `queue_dtmf`, `flush_dtmf`, and the in-band detectors, which have nothing to do here: digits come by RFC 4733 or INFO. */

import { sendDigits } from '../digits-out.ts';
import type { Application } from '../execution.ts';

/** `send_dtmf DIGITS[@MS]` completes at once; the digits follow one another on the wire (41). */
export const sendDtmf: Application = {
  name: 'send_dtmf',
  run({ channel, args }) {
    sendDigits(channel, args.trim());
    return undefined;
  },
};

export const queueDtmf: Application = { ...sendDtmf, name: 'queue_dtmf' };

function nothing(name: string): Application {
  return { name, run: () => undefined };
}

export const flushDtmf: Application = nothing('flush_dtmf');
export const startDtmf: Application = nothing('start_dtmf');
export const stopDtmf: Application = nothing('stop_dtmf');
export const spandspStartDtmf: Application = nothing('spandsp_start_dtmf');
export const spandspStopDtmf: Application = nothing('spandsp_stop_dtmf');
