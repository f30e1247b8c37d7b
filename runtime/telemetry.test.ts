import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createTelemetry } from './telemetry.ts';

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string }[] }[];
  }[];
}

let receiver: Server;
let url: string;
let received: { path: string | undefined; headers: Record<string, unknown>; body: Export }[];

beforeEach(async () => {
  received = [];
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Export;
      received.push({ path: request.url, headers: request.headers, body });
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterEach(() => {
  mock.restoreAll();
  receiver.closeAllConnections();
  receiver.close();
});

const names = (): string[] =>
  received.flatMap(({ body }) =>
    body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name))),
  );

/** What the SDK itself reads of the environment. */
function environment(variables: Readonly<Record<string, string>>): void {
  mock.property(process, 'env', { ...process.env, ...variables });
}

describe('traces', () => {
  it('go to the OTLP/HTTP receiver, under /v1/traces', async () => {
    const telemetry = createTelemetry({ serviceName: 'pivot', otlpUrl: `${url}/`, env: {} });
    telemetry.tracer.startSpan('call').end();
    await telemetry.shutdown();
    assert.deepEqual([received[0]?.path, names()], ['/v1/traces', ['call']]);
    assert.equal(telemetry.exportsTo, new URL(url).host);
  });

  it('leave while the process runs, a second after they ended at the latest', async () => {
    const telemetry = createTelemetry({ serviceName: 'pivot', otlpUrl: url, env: {} });
    telemetry.tracer.startSpan('call.received').end();
    await once(receiver, 'request');
    await telemetry.shutdown();
    assert.deepEqual(names(), ['call.received']);
  });

  it('carry the name, the attributes and the headers of the standard variables', async () => {
    environment({
      OTEL_SERVICE_NAME: 'acme-voice',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,team=voice%20apps',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme',
    });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url };
    const telemetry = createTelemetry({ serviceName: 'pivot', env });
    telemetry.tracer.startSpan('call').end();
    await telemetry.shutdown();
    const attributes = received[0]?.body.resourceSpans[0]?.resource.attributes ?? [];
    const value = (key: string): unknown => attributes.find((one) => one.key === key)?.value.stringValue;
    assert.deepEqual(
      [value('service.name'), value('deployment.environment.name'), value('team')],
      ['acme-voice', 'test', 'voice apps'],
    );
    assert.equal(received[0]?.headers['x-tenant'], 'acme');
  });

  const places: readonly [what: string, env: (url: string) => Record<string, string>, host: boolean][] = [
    ['go nowhere without an address', () => ({}), false],
    ['go nowhere when the address is empty', () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }), false],
    ['go to an address for traces as it stands', (at) => ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${at}/t` }), true],
    ['are off with OTEL_SDK_DISABLED', (at) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: at, OTEL_SDK_DISABLED: 'true' }), false],
    [
      'are off with OTEL_TRACES_EXPORTER',
      (at) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: at, OTEL_TRACES_EXPORTER: 'none' }),
      false,
    ],
  ];
  for (const [what, env, host] of places) {
    it(what, async () => {
      const telemetry = createTelemetry({ serviceName: 'pivot', env: env(url) });
      assert.equal(telemetry.exportsTo, host ? new URL(url).host : undefined);
      await telemetry.shutdown();
    });
  }

  it('that the queue has no room for are dropped and counted', async () => {
    const env = { OTEL_BSP_MAX_QUEUE_SIZE: '2', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2', OTEL_BSP_SCHEDULE_DELAY: '60000' };
    const telemetry = createTelemetry({ serviceName: 'pivot', otlpUrl: url, env });
    receiver.removeAllListeners('request');
    for (let count = 0; count < 7; count += 1) telemetry.tracer.startSpan('call').end();
    const metrics = await telemetry.prometheus();
    receiver.on('request', (_request, response) => response.end('{}'));
    await telemetry.shutdown();
    assert.match(metrics, /otel_sdk_processor_span_processed_total\{.*error_type="queue_full".*\} 3\n/);
  });
});
