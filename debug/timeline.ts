import type { SpanMoment, StoredSpan } from './stored-call.ts';

/** Characters of a URL on a line. */
const LONGEST_URL = 90;

/** One line of a call's time line. */
export interface TimelineEntry {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: 'call' | 'exchange' | 'action' | 'verb' | 'sound' | 'digits' | 'warning' | 'error' | 'end';
  readonly text: string;
}

/** What a finished or starting span means to somebody who watches a call; most spans mean nothing to them. */
export function timelineOf({ type, span }: SpanMoment): TimelineEntry[] {
  return type === 'start' ? atStart(span) : [...atEnd(span), ...notes(span)];
}

function atStart(span: StoredSpan): TimelineEntry[] {
  const at = span.startedAt;
  const { name } = span;
  if (name === 'media.play') return [{ at, kind: 'sound', text: soundText(span) }];
  if (name.startsWith('verb ')) return [{ at, kind: 'verb', text: `<${name.slice(5)}>` }];
  if (name.startsWith('action ')) return [{ at, kind: 'action', text: actionText(span) }];
  return [];
}

function atEnd(span: StoredSpan): TimelineEntry[] {
  const at = span.endedAt ?? span.startedAt;
  const { attributes, name } = span;
  if (attributes['pivot.exchange'] !== undefined && attributes['http.request.method'] !== undefined) {
    return [{ at, kind: 'exchange', text: exchangeText(span) }];
  }
  if (name === 'call.received') {
    const { 'pivot.from': from, 'pivot.number': number, 'pivot.callflow': callflow } = attributes;
    return [{ at, kind: 'call', text: `${from === '' ? 'anonymous' : from} calls ${number}: callflow ${callflow}` }];
  }
  if (name === 'answer') return [{ at, kind: 'call', text: 'answered' }];
  if (name === 'call') return [{ at, kind: 'end', text: endText(span) }];
  const typed = typedText(attributes);
  return typed === undefined ? [] : [{ at, kind: 'digits', text: typed }];
}

/** Keys that were collected; only how many, where they are kept out of the trace. */
function typedText(attributes: StoredSpan['attributes']): string | undefined {
  const digits = attributes['pivot.digits'] ?? attributes['pivot.twiml.gather.digits'];
  const endedBy = attributes['pivot.digits.ended_by'] ?? attributes['pivot.twiml.gather.ended_by'];
  const count = Number(attributes['pivot.digits.count'] ?? attributes['pivot.twiml.gather.count'] ?? 0);
  if (endedBy === undefined || digits === '' || (digits === undefined && count === 0)) return undefined;
  const what = digits === undefined ? `${count} ${count === 1 ? 'digit' : 'digits'}` : `digits ${digits}`;
  return `${what} (ended by ${endedBy})`;
}

/**
 * Warnings and errors that a span carries, at the time of its end: so the lines stay in order. The call's own error and the route's stand in
 * the last line; a pivot action's has been told by the exchange that failed, so only what follows from it is new.
 */
function notes(span: StoredSpan): TimelineEntry[] {
  const at = span.endedAt ?? span.startedAt;
  const failback = span.attributes['pivot.failback'];
  if (failback !== undefined) {
    const code = span.attributes['pivot.error.code'];
    const text =
      failback === true ? `${code}: going on at the failback` : `${code}: there is no failback, the call ends`;
    return [...warnings(span, at), { at, kind: 'error', text }];
  }
  const silent = span.name === 'call' || span.name === 'route';
  const errors = silent ? [] : told(span, 'pivot.error').map((text) => ({ at, kind: 'error' as const, text }));
  return [...warnings(span, at), ...errors];
}

function warnings(span: StoredSpan, at: number): TimelineEntry[] {
  return told(span, 'pivot.warning').map((text) => ({ at, kind: 'warning', text }));
}

function told(span: StoredSpan, event: string): string[] {
  return span.events
    .filter(({ name }) => name === event)
    .map(({ attributes }) => `${attributes['pivot.error.code']} ${attributes['pivot.error.message']}`);
}

/** One request of an exchange, for `--output json`. */
export interface TimelineExchange {
  readonly exchange: number;
  readonly method: string;
  readonly url: string;
  /** Absent when there was no response. */
  readonly status?: number;
  readonly ms: number;
  /** What the response was taken for: `twiml` or `callflow`. */
  readonly format?: string;
  /** Code and message of what went wrong. */
  readonly error?: string;
}

/** The exchange that a finished span stands for. */
export function exchangeOf({ type, span }: SpanMoment): TimelineExchange | undefined {
  const { attributes, startedAt, endedAt } = span;
  if (type !== 'end' || attributes['pivot.exchange'] === undefined || attributes['url.full'] === undefined)
    return undefined;
  const status = attributes['http.response.status_code'];
  const format = attributes['pivot.webhook.translator'];
  const code = attributes['pivot.error.code'];
  return {
    exchange: Number(attributes['pivot.exchange']),
    method: String(attributes['http.request.method']),
    url: String(attributes['url.full']),
    ...(typeof status === 'number' ? { status } : {}),
    ms: Math.round((endedAt ?? startedAt) - startedAt),
    ...(format === undefined ? {} : { format: String(format) }),
    ...(code === undefined ? {} : { error: `${code} ${attributes['pivot.error.message']}` }),
  };
}

/** A URL as it fits on a line: what Pivot's own parameters add to a GET is in the debug log. */
function shortUrl(url: string): string {
  return url.length <= LONGEST_URL ? url : `${url.slice(0, LONGEST_URL)}…`;
}

function exchangeText({ attributes, startedAt, endedAt, error }: StoredSpan): string {
  const status = attributes['http.response.status_code'];
  const took = `${Math.round((endedAt ?? startedAt) - startedAt)} ms`;
  const format = attributes['pivot.webhook.translator'];
  const result =
    status === undefined ? `failed after ${took}` : `${status} in ${took}${format === undefined ? '' : `, ${format}`}`;
  return `${attributes['http.request.method']} ${shortUrl(String(attributes['url.full']))} → ${result}${error ? ' ✗' : ''}`;
}

function soundText({ attributes }: StoredSpan): string {
  const what = String(attributes['pivot.media.sound'] ?? '');
  return attributes['pivot.media.kind'] === 'speech' ? `says “${what}”` : `plays ${what}`;
}

function actionText({ name, attributes }: StoredSpan): string {
  const module = String(attributes['pivot.action'] ?? name.slice(7));
  const detail = attributes['pivot.voice_url'] ?? attributes['pivot.callflow.id'] ?? attributes['pivot.variables'];
  return detail === undefined || detail === '' ? module : `${module} ${detail}`;
}

function endText({ attributes, startedAt, endedAt }: StoredSpan): string {
  const seconds = (((endedAt ?? startedAt) - startedAt) / 1000).toFixed(1);
  const status = attributes['pivot.sip.status'];
  const code = attributes['pivot.error.code'];
  if (attributes['pivot.end.side'] === undefined) {
    return `refused with ${status}${code === undefined ? '' : `: ${code} ${attributes['pivot.error.message']}`}`;
  }
  const how = `${attributes['pivot.call.status']}, ended by the ${attributes['pivot.end.side']} (${attributes['pivot.end.cause']})`;
  return `${how} after ${seconds} s${status === undefined ? '' : `, SIP ${status}`}`;
}

/** `12:00:01.234   text`, indented by what it is. */
export function formatEntry(entry: TimelineEntry): string {
  const time = new Date(entry.at).toISOString().slice(11, 23);
  const indent =
    entry.kind === 'call' || entry.kind === 'end'
      ? ''
      : entry.kind === 'sound' || entry.kind === 'digits'
        ? '    '
        : '  ';
  const mark = entry.kind === 'warning' ? 'warning: ' : entry.kind === 'error' ? 'error: ' : '';
  return `${time} ${indent}${mark}${entry.text}`;
}
