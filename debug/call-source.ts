import type { StoredCall } from './stored-call.ts';

/** A place in a list of calls: calls are in the order of their start, those of one microsecond in that of their trace ids. */
export interface Cursor {
  /** Epoch microseconds. */
  readonly startedUs: number;
  readonly traceId: string;
}

/** Which calls, in which order. */
export interface CallQuery {
  /** Undefined: of every account. */
  readonly account?: string | undefined;
  /** `NAME` or `NAMESPACE/NAME`. */
  readonly callflow?: string | undefined;
  /** What was dialled, as it was routed. */
  readonly number?: string | undefined;
  /** The caller's number. */
  readonly caller?: string | undefined;
  readonly callId?: string | undefined;
  /** Begun from then to then, epoch milliseconds, both included. */
  readonly from: number;
  readonly to: number;
  /** Oldest first. */
  readonly ascending: boolean;
  /** Calls of a page. */
  readonly limit: number;
  /** The page begins with this one, or with the next after it if it is gone. */
  readonly start?: Cursor | undefined;
  /** Others are passed over. */
  readonly keep?: (call: StoredCall) => boolean;
}

export interface CallPage {
  readonly calls: readonly StoredCall[];
  /** Where the next page begins; undefined on the last. */
  readonly next: Cursor | undefined;
}

/** Where traces of calls can be read: this process's memory, or Jaeger. Methods reject with a `PivotError` when it cannot be asked. */
export interface CallSource {
  list(query: CallQuery, signal: AbortSignal): Promise<CallPage>;
  /** The newest call with this SIP Call-ID begun between the two times (epoch milliseconds). */
  byCallId(
    account: string,
    callId: string,
    between: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<StoredCall | undefined>;
  byTraceId(traceId: string, signal: AbortSignal): Promise<StoredCall | undefined>;
}

export function cursorOf(call: StoredCall): Cursor {
  return { startedUs: Math.round(call.startedAt * 1000), traceId: call.traceId };
}

/** `MICROSECONDS-TRACEID`. */
export function showCursor({ startedUs, traceId }: Cursor): string {
  return `${startedUs}-${traceId}`;
}

/** Undefined when it is none. */
export function readCursor(text: string): Cursor | undefined {
  const match = /^(\d{1,16})-([0-9a-f]{32})$/.exec(text);
  return match === null ? undefined : { startedUs: Number(match[1]), traceId: match[2] ?? '' };
}

/** Negative: `a` is the older. */
export function compareCursors(a: Cursor, b: Cursor): number {
  return a.startedUs - b.startedUs || (a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0);
}

/** The root span's attributes; those of `call.received` where it has not come yet, as in a call that is still up and whose spans were sent here. */
export function callAttributes(call: Pick<StoredCall, 'spans'>): StoredCall['spans'][number]['attributes'] {
  const received = call.spans.find(({ name }) => name === 'call.received')?.attributes;
  const root = call.spans.find(({ name }) => name === 'call')?.attributes;
  return { ...received, ...root };
}

/** Whether a callflow's key is the one asked for, by name or with its namespace. */
export function isCallflow(key: string, wanted: string | undefined): boolean {
  return wanted === undefined || key === wanted || key.endsWith(`/${wanted}`);
}

/** What a query says about one call, but for its place in the list. */
export function matchesQuery(call: StoredCall, query: CallQuery): boolean {
  if (query.account !== undefined && call.account !== query.account) return false;
  if (call.startedAt < query.from || call.startedAt > query.to) return false;
  if (query.callId !== undefined && call.callId !== query.callId) return false;
  if (query.callflow !== undefined || query.number !== undefined || query.caller !== undefined) {
    const attributes = callAttributes(call);
    if (!isCallflow(String(attributes['pivot.callflow'] ?? ''), query.callflow)) return false;
    if (query.number !== undefined && attributes['pivot.number'] !== query.number) return false;
    if (query.caller !== undefined && attributes['pivot.from'] !== query.caller) return false;
  }
  return query.keep?.(call) ?? true;
}
