import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { ROOT_SPAN } from '../../runtime/span-names.ts';
import { callAttributes } from '../call-source.ts';
import type { Moment, StoredCall, StoredSpan } from '../stored-call.ts';

/** Resource attributes that tell which process it was, the best first. */
const NODE_NAMES = ['service.instance.id', 'k8s.pod.name', 'host.name'];
/** Spans beyond that are passed over, and counted. */
const MOST_SPANS = 20_000;

/**
 * A trace of Jaeger's JSON as a call; undefined when it is none of a call. Spans of other services, which join the trace by `traceparent`, are
 * the application's own business. A call that is still up has no root span yet: spans come when they end.
 */
export function readTrace(trace: unknown, isOurs: (service: string) => boolean): StoredCall | undefined {
  const { traceID, spans: all, processes: described } = members(trace);
  if (typeof traceID !== 'string' || !/^[0-9a-f]{1,32}$/.test(traceID) || !Array.isArray(all)) return undefined;
  const processes = new Map(Object.entries(members(described)).map(([id, process]) => [id, members(process)]));
  const ours = all.filter((span) => {
    const name = processes.get(String(members(span)['processID']))?.['serviceName'];
    return typeof name === 'string' && isOurs(name);
  });
  const spans = [...new Map(ours.slice(0, MOST_SPANS).flatMap(identified)).values()].sort(
    (a, b) => a.startedAt - b.startedAt,
  );
  const root = spans.find(({ name, parentSpanId }) => name === ROOT_SPAN && isRoot(parentSpanId, spans));
  const first = root ?? spans[0];
  const attributes = callAttributes({ spans });
  const callId = attributes['pivot.call.id'];
  if (first === undefined || typeof callId !== 'string') return undefined;
  const node = nodeOf(processes.get(String(members(ours[0])['processID'])));
  return {
    traceId: traceID.padStart(32, '0'),
    callId,
    account: String(attributes['pivot.account'] ?? ''),
    ...(node === undefined ? {} : { node }),
    startedAt: first.startedAt,
    ...(root?.endedAt === undefined ? {} : { endedAt: root.endedAt }),
    spans,
    order: orderOf(spans),
    droppedSpans: Math.max(0, ours.length - MOST_SPANS),
  };
}

/** A store may have got a span twice. */
function identified(value: unknown): [id: string, span: StoredSpan][] {
  const span = readSpan(value);
  return span === undefined ? [] : [[span.spanId, span]];
}

/** A caller's trace that was continued has a parent for it, which is in none of our spans. */
function isRoot(parent: string | undefined, spans: readonly StoredSpan[]): boolean {
  return parent === undefined || !spans.some(({ spanId }) => spanId === parent);
}

/** Times are microseconds; a span of Jaeger's has ended. */
function readSpan(value: unknown): StoredSpan | undefined {
  const { spanID, operationName, startTime, duration, references, tags, logs } = members(value);
  if (typeof spanID !== 'string' || typeof operationName !== 'string') return undefined;
  if (typeof startTime !== 'number' || typeof duration !== 'number') return undefined;
  const parent = list(references)
    .map(members)
    .find(({ refType }) => refType === 'CHILD_OF')?.['spanID'];
  const attributes = attributesOf(tags);
  return {
    spanId: spanID,
    ...(typeof parent === 'string' ? { parentSpanId: parent } : {}),
    name: operationName,
    startedAt: startTime / 1000,
    endedAt: (startTime + duration) / 1000,
    attributes,
    events: list(logs).map(readEvent),
    error: attributes['error'] === true || attributes['otel.status_code'] === 'ERROR',
  };
}

function readEvent(log: unknown): StoredSpan['events'][number] {
  const { timestamp, fields } = members(log);
  const { event, ...attributes } = attributesOf(fields);
  return { name: String(event ?? ''), at: typeof timestamp === 'number' ? timestamp / 1000 : 0, attributes };
}

function attributesOf(tags: unknown): Attributes {
  const attributes: Attributes = {};
  for (const { key, value, type } of list(tags).map(members)) {
    if (
      typeof key !== 'string' ||
      (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    )
      continue;
    attributes[key] = typedValue(value, type);
  }
  return attributes;
}

/** Some stores give every value as text beside its type. */
function typedValue(value: string | number | boolean, type: unknown): AttributeValue {
  if (typeof value !== 'string') return value;
  if (type === 'bool') return value === 'true';
  return type === 'int64' || type === 'float64' ? Number(value) : value;
}

/**
 * Starts and ends in the order of their times. What is of one millisecond is told in the order of the tree of spans: the start of a span, what is
 * beneath it, its end, and then what follows. Finer times say nothing: OpenTelemetry's SDK rounds starts to milliseconds, and ends not.
 */
function orderOf(spans: readonly StoredSpan[]): Moment[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ parentSpanId }) =>
    parentSpanId !== undefined && ids.has(parentSpanId) ? parentSpanId : '',
  );
  const moments: (Moment & { readonly at: number })[] = [];
  const waiting: (StoredSpan | { readonly end: StoredSpan })[] = [...(children.get('') ?? [])].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if ('end' in next) moments.push({ type: 'end', spanId: next.end.spanId, at: next.end.endedAt ?? 0 });
    else {
      moments.push({ type: 'start', spanId: next.spanId, at: next.startedAt });
      waiting.push({ end: next }, ...(children.get(next.spanId) ?? []).toReversed());
    }
  }
  // Sorting is stable: what has one time stays in the order of the tree.
  return moments.sort((a, b) => Math.floor(a.at) - Math.floor(b.at)).map(({ type, spanId }) => ({ type, spanId }));
}

function nodeOf(process: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const tags = attributesOf(process?.['tags']);
  const name = NODE_NAMES.map((key) => tags[key]).find((value) => typeof value === 'string' && value !== '');
  return name === undefined ? undefined : String(name);
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
