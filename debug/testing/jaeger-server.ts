import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanStatusCode } from '@opentelemetry/api';
import { hrTimeToMicroseconds } from '@opentelemetry/core';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** A span as Jaeger's JSON has it. */
interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly object[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly type: string; readonly value: unknown }[];
  readonly logs: readonly object[];
  readonly processID: string;
}

/**
 * Takes spans and answers `/api/traces` as Jaeger does, as far as the debug API asks: a search finds traces with a span that has all tags and
 * began in the range, the newest first. e2e/debug-page asks a real Jaeger the same.
 */
export class TestJaeger implements SpanProcessor {
  readonly #service: string;
  readonly #traces = new Map<string, JaegerSpan[]>();
  readonly #server: Server;
  /** Queries of searches, so that tests see what was asked. */
  readonly searches: URLSearchParams[] = [];

  constructor(service: string) {
    this.#service = service;
    this.#server = createServer((request, response) => {
      const answer = this.#answer(request);
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { data: null, errors: [{ code: 404, msg: 'trace not found' }] }));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.url;
  }

  /** Once it listens. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { traceId } = span.spanContext();
    this.#traces.set(traceId, [...(this.#traces.get(traceId) ?? []), toJaeger(span)]);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  #answer({ url = '' }: IncomingMessage): object | undefined {
    const { pathname, searchParams } = new URL(url, 'http://jaeger.invalid');
    if (pathname === '/api/traces') {
      this.searches.push(searchParams);
      return { data: this.#search(searchParams).map((id) => this.#trace(id)) };
    }
    const [, id = ''] = /^\/api\/traces\/([0-9a-f]+)$/.exec(pathname) ?? [];
    return this.#traces.has(id) ? { data: [this.#trace(id)] } : undefined;
  }

  #search(query: URLSearchParams): string[] {
    if (query.get('service') !== this.#service) return [];
    const tags = Object.entries(JSON.parse(query.get('tags') ?? '{}') as Record<string, string>);
    const [start, end] = [Number(query.get('start')), Number(query.get('end'))];
    const fits = (span: JaegerSpan): boolean =>
      span.startTime >= start &&
      span.startTime <= end &&
      tags.every(([key, value]) => span.tags.some((tag) => tag.key === key && String(tag.value) === value));
    const newest = (id: string): number => Math.max(...(this.#traces.get(id) ?? []).map(({ startTime }) => startTime));
    return [...this.#traces]
      .filter(([, spans]) => spans.some(fits))
      .map(([id]) => id)
      .sort((a, b) => newest(b) - newest(a))
      .slice(0, Number(query.get('limit')));
  }

  #trace(id: string): object {
    const processes = {
      p1: { serviceName: this.#service, tags: [{ key: 'host.name', type: 'string', value: 'node-1' }] },
    };
    return { traceID: id, spans: this.#traces.get(id), processes, warnings: null };
  }
}

function toJaeger(span: ReadableSpan): JaegerSpan {
  const { traceId: traceID, spanId: spanID } = span.spanContext();
  const parent = span.parentSpanContext?.spanId;
  const error = span.status.code === SpanStatusCode.ERROR;
  const startTime = Math.floor(hrTimeToMicroseconds(span.startTime));
  return {
    traceID,
    spanID,
    operationName: span.name,
    references: parent === undefined ? [] : [{ refType: 'CHILD_OF', traceID, spanID: parent }],
    startTime,
    duration: Math.floor(hrTimeToMicroseconds(span.endTime)) - startTime,
    tags: [...tagsOf(span.attributes), ...(error ? [{ key: 'error', type: 'bool', value: true }] : [])],
    logs: span.events.map(({ name, time, attributes = {} }) => ({
      timestamp: Math.floor(hrTimeToMicroseconds(time)),
      fields: [{ key: 'event', type: 'string', value: name }, ...tagsOf(attributes)],
    })),
    processID: 'p1',
  };
}

function tagsOf(attributes: ReadableSpan['attributes']): JaegerSpan['tags'] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    type: typeof value === 'number' ? 'int64' : typeof value === 'boolean' ? 'bool' : 'string',
    value,
  }));
}
