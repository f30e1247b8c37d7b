import type { Clock, SipTimers, Timer } from './clock.ts';

/**
 * RFC 3261 section 13.3.1.4: the user agent server repeats its 2xx, over every transport, from T1 doubling to T2 until the ACK
 * comes or 64*T1 are over. `send` sends it once more; `gaveUp` ends the call. Returns what stops it.
 */
export function retransmit2xx(clock: Clock, timers: SipTimers, send: () => void, gaveUp: () => void): () => void {
  let interval = timers.t1;
  let timer: Timer;
  const end = clock.after(64 * timers.t1, () => {
    timer.cancel();
    gaveUp();
  });
  const again = (): void => {
    send();
    interval = Math.min(interval * 2, timers.t2);
    timer = clock.after(interval, again);
  };
  timer = clock.after(interval, again);
  return () => {
    timer.cancel();
    end.cancel();
  };
}
