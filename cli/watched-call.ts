import { exchangeOf, type TimelineEntry, type TimelineExchange, timelineOf } from '../debug/timeline.ts';
import type { PhoneCall, PhoneCallEnd } from '../media-worker/softswitch/phone.ts';
import { type DebugEvent, followCall } from './follow-call.ts';
import { KeyPresser } from './press.ts';

export interface WatchOptions {
  /** Keys for one gather or prompt after the other. */
  readonly press: readonly string[];
  /** Hang up so many milliseconds after the answer; without it the call lasts until the far end hangs up. */
  readonly hangupAfter?: number;
  /** Told of each line of the time line as it comes. */
  readonly onEntry?: (entry: TimelineEntry) => void;
}

/** What became of a call that this side placed. */
export interface WatchedCall {
  readonly answered: boolean;
  readonly end: PhoneCallEnd;
  readonly exchanges: readonly TimelineExchange[];
  /** Texts spoken, in order. */
  readonly said: readonly string[];
  /** Sounds played that were not spoken. */
  readonly played: readonly string[];
  /** Keys that were pressed. */
  readonly pressed: string;
  readonly timeline: readonly TimelineEntry[];
}

/** How long the rest of the time line may take to arrive after the call. */
const TIMELINE_LIMIT_MS = 3000;

/** Follows a call's trace, presses its keys, hangs it up in time; resolves when it is over. */
export async function watchCall(phone: PhoneCall, options: WatchOptions): Promise<WatchedCall> {
  const timeline: TimelineEntry[] = [];
  const exchanges: TimelineExchange[] = [];
  const said: string[] = [];
  const played: string[] = [];
  const note = (entry: TimelineEntry): void => {
    timeline.push(entry);
    options.onEntry?.(entry);
  };
  const presser = new KeyPresser(phone, options.press, (keys) =>
    note({ at: Date.now(), kind: 'digits', text: `pressing ${keys}` }),
  );
  const followed = followCall(phone, (event: DebugEvent): void => {
    for (const entry of timelineOf(event)) note(entry);
    const exchange = exchangeOf(event);
    if (exchange !== undefined) exchanges.push(exchange);
    const { name, attributes } = event.span;
    if (event.type === 'start' && name === 'media.play') {
      (attributes['pivot.media.kind'] === 'speech' ? said : played).push(String(attributes['pivot.media.sound']));
    }
    presser.see(event);
  });
  let answered = false;
  let hangupTimer: NodeJS.Timeout | undefined;
  phone.answered.then(
    () => {
      answered = true;
      if (options.hangupAfter !== undefined) hangupTimer = setTimeout(() => void phone.hangup(), options.hangupAfter);
    },
    () => {},
  );
  const end = await phone.ended;
  clearTimeout(hangupTimer);
  presser.stop();
  await followed.finished(TIMELINE_LIMIT_MS);
  return { answered, end, exchanges, said, played, pressed: presser.pressed, timeline };
}

/** The address to call from: loopback for loopback, else any, so that the far end can answer. */
export function localAddressFor(host: string): string {
  return host === 'localhost' || host.startsWith('127.') ? '127.0.0.1' : '0.0.0.0';
}
