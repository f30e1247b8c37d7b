import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

export interface GrpcExporterOptions {
  /** `http://HOST:PORT` or `https://HOST:PORT`. */
  readonly url: string;
  /** Metadata sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly tls: Pick<SecureClientSessionOptions, 'ca' | 'cert' | 'key'>;
  /** For one batch with its repetitions, in milliseconds. */
  readonly timeoutMs: number;
  readonly userAgent: string;
}

const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
/** Codes after which a batch is sent again (OTLP specification, "OTLP/gRPC Response"). */
const AGAIN: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15]);
const FIRST_PAUSE_MS = 500;
const PREFIX_BYTES = 5;

class GrpcError extends Error {
  readonly again: boolean;
  constructor(message: string, again: boolean) {
    super(message);
    this.name = 'GrpcError';
    this.again = again;
  }
}

/**
 * Sends spans by OTLP over gRPC: one call without streaming, which HTTP/2 of Node is enough for (gRPC over HTTP2, "Requests" and "Responses"). The
 * SDK's exporter would bring some 30 packages for it.
 */
export class GrpcExporter implements SpanExporter {
  readonly #options: GrpcExporterOptions;
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #session: ClientHttp2Session | undefined;

  constructor(options: GrpcExporterOptions) {
    this.#options = options;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const sending = this.#send(spans).then(
      () => done({ code: ExportResultCode.SUCCESS }),
      (error: unknown) =>
        done({ code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error(String(error)) }),
    );
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    this.#stop.abort(new Error('the exporter was shut down'));
    this.#session?.destroy();
  }

  async #send(spans: ReadableSpan[]): Promise<void> {
    const { timeoutMs } = this.#options;
    const message = ProtobufTraceSerializer.serializeRequest(spans);
    if (message === undefined) throw new Error('the spans could not be written as OTLP');
    const body = await framed(message, this.#options.gzip);
    const deadline = performance.now() + timeoutMs;
    for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
      const left = deadline - performance.now();
      try {
        await this.#request(body, left);
        return;
      } catch (error) {
        const again = error instanceof GrpcError ? error.again : true;
        if (!again || performance.now() + pause >= deadline) throw error;
        await delay(pause, undefined, { signal: this.#stop.signal });
      }
    }
  }

  /** One request; rejects unless its status is OK. */
  #request(body: Buffer, timeoutMs: number): Promise<void> {
    const { headers, userAgent } = this.#options;
    return new Promise((resolve, reject) => {
      const stream = this.#connection().request({
        ...headers,
        ':method': 'POST',
        ':path': PATH,
        'content-type': 'application/grpc',
        te: 'trailers',
        'user-agent': userAgent,
        'grpc-timeout': `${Math.max(1, Math.round(timeoutMs))}m`,
        ...(this.#options.gzip ? { 'grpc-encoding': 'gzip' } : {}),
      });
      // A response without a body has its status in the first headers.
      let last: IncomingHttpHeaders = {};
      let status: number | undefined;
      const timer = setTimeout(() => {
        reject(new GrpcError(`no answer within ${Math.round(timeoutMs)} ms`, true));
        stream.close(constants.NGHTTP2_CANCEL);
      }, timeoutMs);
      stream
        .on('response', (received) => {
          status = received[':status'];
          last = { ...last, ...received };
        })
        .on('trailers', (received) => {
          last = { ...last, ...received };
        })
        .on('error', reject)
        .on('close', () => {
          clearTimeout(timer);
          const failed = failureIn(status, last);
          if (failed === undefined) resolve();
          else reject(failed);
        })
        .resume()
        .end(body);
    });
  }

  #connection(): ClientHttp2Session {
    const open = this.#session;
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const { url, tls } = this.#options;
    const session = connect(url, tls);
    this.#session = session;
    // Each request on it is told; and one that waits for its next request keeps no process alive.
    session.on('error', () => {}).on('goaway', () => session.close());
    session.once('connect', () => session.unref());
    return session;
  }
}

/** Length-Prefixed-Message of gRPC over HTTP2. */
async function framed(message: Uint8Array, compress: boolean): Promise<Buffer> {
  const content = compress ? await promisify(gzip)(message) : Buffer.from(message);
  const body = Buffer.allocUnsafe(PREFIX_BYTES + content.length);
  body.writeUInt8(compress ? 1 : 0, 0);
  body.writeUInt32BE(content.length, 1);
  content.copy(body, PREFIX_BYTES);
  return body;
}

function failureIn(status: number | undefined, headers: IncomingHttpHeaders): GrpcError | undefined {
  if (status === undefined) return new GrpcError('the connection was lost before an answer', true);
  const given = headers['grpc-status'];
  if (given === undefined) return new GrpcError(`it answered ${status} and is no gRPC server`, status >= 500);
  const code = Number(given);
  if (code === 0) return undefined;
  const message = String(headers['grpc-message'] ?? '');
  return new GrpcError(`gRPC status ${code}${message === '' ? '' : `: ${decoded(message)}`}`, AGAIN.has(code));
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
