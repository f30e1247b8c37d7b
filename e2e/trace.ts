import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { PhoneCall } from '../media-worker/softswitch/phone.ts';

/** A challenge that nobody answers is traced after five seconds. */
const ROOT_LIMIT_MS = 20_000;

/** What a test looks at in a span of the debug API's stream. */
export interface TraceSpan {
  readonly spanId: string;
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly error: boolean;
}

export interface TraceEvent {
  readonly type: 'start' | 'end';
  readonly span: TraceSpan;
}

/** A call's trace, as it comes. */
export interface Trace {
  readonly events: readonly TraceEvent[];
  /** Resolves when a span of that name starts (or has started). `nth` counts from 1. */
  started(name: string, nth?: number): Promise<TraceSpan>;
  ended(name: string, nth?: number): Promise<TraceSpan>;
  /** Resolves when so many events have been before (0: at the first). */
  step(index: number): Promise<TraceEvent>;
  /** Resolves with the root span when the call is over. */
  readonly root: Promise<TraceSpan>;
}

/** Follows a call in the debug API; begins as soon as the far end has shown that it has the call. */
export function followTrace(phone: PhoneCall, http: string): Trace {
  const events: TraceEvent[] = [];
  const listeners = new Set<() => void>();
  const over = Promise.withResolvers<void>();
  over.promise.catch(() => {});
  const url = `${http}/v2/accounts/default/pivot/debug/${encodeURIComponent(phone.callId)}/events`;
  let reading = false;
  const begin = (): void => {
    if (reading) return;
    reading = true;
    readEvents(url, (event) => {
      events.push(event);
      for (const listener of [...listeners]) listener();
    }).then(over.resolve, over.reject);
  };
  phone.events.on('provisional', begin).on('answered', begin).on('ended', begin);

  const find = (what: string, pick: () => TraceEvent | undefined): Promise<TraceEvent> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pick();
        if (found === undefined) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      look();
      const missing = (): void => {
        if (listeners.delete(look)) reject(new Error(`the trace ended without ${what}`));
      };
      over.promise.then(missing, missing);
    });
  const when = async (type: TraceEvent['type'], name: string, nth = 1): Promise<TraceSpan> => {
    const fits = (event: TraceEvent): boolean => event.type === type && event.span.name === name;
    return (await find(`the ${type} of "${name}" (${nth})`, () => events.filter(fits)[nth - 1])).span;
  };
  const root = when('end', 'call');
  root.catch(() => {});
  return {
    events,
    started: (name, nth) => when('start', name, nth),
    ended: (name, nth) => when('end', name, nth),
    step: (index) => find(`event ${index}`, () => events[index]),
    root,
  };
}

/** Reads server-sent events, over a connection of its own, until the stream ends. */
function readEvents(url: string, onEvent: (event: TraceEvent) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: { accept: 'text/event-stream' } }, (response) => {
      let pending = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const messages = (pending + chunk).split('\n\n');
        pending = messages.pop() ?? '';
        for (const message of messages) {
          const type = /^event: (start|end)$/m.exec(message)?.[1];
          const data = /^data: (.*)$/m.exec(message)?.[1];
          if (type === undefined || data === undefined) continue;
          onEvent({ type: type as TraceEvent['type'], span: JSON.parse(data) as TraceSpan });
        }
      });
      response.on('error', reject).on('close', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${url}: ${response.statusCode}`));
      });
    });
    request.on('error', reject);
  });
}

/** All spans of a call that is over, or will be soon; the root is named `call`. */
export async function spansOf(http: string, callId: string, account = 'default'): Promise<readonly TraceSpan[]> {
  const url = `${http}/v2/accounts/${account}/pivot/debug/${encodeURIComponent(callId)}/events`;
  const limit = AbortSignal.timeout(ROOT_LIMIT_MS);
  for (;;) {
    const events: TraceEvent[] = [];
    await readEvents(url, (event) => events.push(event)).catch(() => {});
    const ended = events.filter(({ type }) => type === 'end').map(({ span }) => span);
    if (ended.some(({ name }) => name === 'call')) return ended;
    if (limit.aborted) throw new Error(`no trace of ${callId} at ${http}`);
    await delay(50);
  }
}

/** The root span of a call that is over, or will be soon. */
export async function rootOf(http: string, callId: string, account?: string): Promise<TraceSpan> {
  return (await spansOf(http, callId, account)).find(({ name }) => name === 'call')!;
}
