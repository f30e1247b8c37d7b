import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { GrpcExporter, type GrpcExporterOptions } from './grpc-exporter.ts';

type Answer = (stream: ServerHttp2Stream) => void;

const OK = status(0);
/** An empty message, then the status in the trailers, as servers answer that have a message. */
function status(code: number, message = ''): Answer {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () =>
      stream.sendTrailers({ 'grpc-status': String(code), ...(message === '' ? {} : { 'grpc-message': message }) }),
    );
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
  };
}
/** The status in the only headers, as servers answer that have none. */
const UNAVAILABLE: Answer = (stream) =>
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true });

let server: Http2Server;
let url: string;
let answers: Answer[];
let received: { headers: IncomingHttpHeaders; body: Buffer }[];
const sessions = new Set<ServerHttp2Session>();

beforeEach(async () => {
  answers = [];
  received = [];
  server = createServer().on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {}).on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      received.push({ headers, body: Buffer.concat(chunks) });
      (answers.shift() ?? OK)(stream);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  for (const session of sessions) session.destroy();
  server.close();
});

function spans(): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  for (const name of ['call', 'route']) provider.getTracer('test').startSpan(name).end();
  return exporter.getFinishedSpans();
}

function exporterTo(more: Partial<GrpcExporterOptions> = {}): GrpcExporter {
  return new GrpcExporter({
    url,
    headers: {},
    gzip: false,
    tls: {},
    timeoutMs: 5000,
    userAgent: 'Pivot/test',
    ...more,
  });
}

const send = (exporter: GrpcExporter, sent: ReadableSpan[]): Promise<ExportResult> =>
  new Promise((resolve) => exporter.export(sent, resolve));

describe('OTLP over gRPC', () => {
  it('is one call of TraceService/Export with the message of OTLP, and its metadata', async () => {
    const exporter = exporterTo({ headers: { 'x-tenant': 'acme' } });
    const sent = spans();
    assert.equal((await send(exporter, sent)).code, ExportResultCode.SUCCESS);
    assert.equal((await send(exporter, sent)).code, ExportResultCode.SUCCESS);
    assert.equal(sessions.size, 1, 'one connection serves both');
    await exporter.shutdown();
    const [{ headers, body }] = received as [(typeof received)[number]];
    assert.equal(headers[':path'], '/opentelemetry.proto.collector.trace.v1.TraceService/Export');
    assert.deepEqual(
      [headers[':method'], headers['content-type'], headers['te'], headers['x-tenant'], headers['user-agent']],
      ['POST', 'application/grpc', 'trailers', 'acme', 'Pivot/test'],
    );
    assert.equal(body.readUInt8(0), 0);
    assert.deepEqual(body.subarray(5), Buffer.from(ProtobufTraceSerializer.serializeRequest(sent)!));
    assert.equal(body.readUInt32BE(1), body.length - 5);
  });

  it('is compressed where that is asked for', async () => {
    const exporter = exporterTo({ gzip: true });
    const sent = spans();
    await send(exporter, sent);
    await exporter.shutdown();
    const [{ headers, body }] = received as [(typeof received)[number]];
    assert.deepEqual([headers['grpc-encoding'], body.readUInt8(0)], ['gzip', 1]);
    assert.deepEqual(gunzipSync(body.subarray(5)), Buffer.from(ProtobufTraceSerializer.serializeRequest(sent)!));
  });

  it('is sent again while the receiver says that it is not available', async () => {
    answers = [UNAVAILABLE];
    const exporter = exporterTo();
    assert.equal((await send(exporter, spans())).code, ExportResultCode.SUCCESS);
    await exporter.shutdown();
    assert.equal(received.length, 2);
  });

  it('fails at once where the receiver refuses, with its words', async () => {
    answers = [status(16, 'no%20such%20token')];
    const exporter = exporterTo();
    const { code, error } = await send(exporter, spans());
    await exporter.shutdown();
    assert.deepEqual(
      [code, error?.message, received.length],
      [ExportResultCode.FAILED, 'gRPC status 16: no such token', 1],
    );
  });

  it('fails where the receiver is no gRPC server, is silent, or is not there', async () => {
    answers = [(stream) => stream.respond({ ':status': 404 }, { endStream: true }), () => {}];
    const exporter = exporterTo({ timeoutMs: 300 });
    assert.match((await send(exporter, spans())).error?.message ?? '', /404 and is no gRPC server/);
    assert.match((await send(exporter, spans())).error?.message ?? '', /no answer within \d+ ms/);
    await exporter.shutdown();
    const nobody = exporterTo({ url: 'http://127.0.0.1:1', timeoutMs: 300 });
    assert.match((await send(nobody, spans())).error?.message ?? '', /ECONNREFUSED|connection was lost/);
    await nobody.shutdown();
  });

  it('goes on over a new connection when the old one broke', async () => {
    const exporter = exporterTo();
    await send(exporter, spans());
    for (const session of sessions) session.destroy();
    assert.equal((await send(exporter, spans())).code, ExportResultCode.SUCCESS);
    await exporter.shutdown();
  });
});
