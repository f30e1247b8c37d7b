import type { Meter, Tracer } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { PRODUCT_VERSION } from './version.ts';

export interface TelemetryOptions {
  /** `service.name`; `OTEL_SERVICE_NAME` goes before it. */
  readonly serviceName: string;
  /** Base URL of an OTLP/HTTP receiver, e.g. `http://127.0.0.1:4318`; the traces go to `/v1/traces` there. */
  readonly otlpUrl?: string;
  /** The environment, for the standard `OTEL_*` variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Further receivers of spans, e.g. the store in memory. */
  readonly processors?: readonly SpanProcessor[];
}

export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Where spans are sent, for people to read; undefined when nowhere. */
  readonly exportsTo: string | undefined;
  /** All metrics in Prometheus' text format. */
  prometheus(): Promise<string>;
  /** Sends what is queued and ends. Waits at most 5 s for the receiver. */
  shutdown(): Promise<void>;
}

/** Spans wait here for the exporter; when the receiver is slow or gone, newer ones are dropped. */
const QUEUE_LIMIT = 8192;
const BATCH = 512;
/** Spans leave while their call is still up. */
const SEND_EVERY_MS = 1000;
const EXPORT_LIMIT_MS = 5000;

/** Sets up traces and metrics for a process. Nothing is registered globally: who needs a tracer or meter is given it. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { env } = options;
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: env['OTEL_SERVICE_NAME'] ?? options.serviceName,
    [ATTR_SERVICE_VERSION]: PRODUCT_VERSION,
  });
  const url = tracesUrl(options);
  const exporting =
    url === undefined
      ? []
      : [
          new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_LIMIT_MS }), {
            maxQueueSize: QUEUE_LIMIT,
            maxExportBatchSize: BATCH,
            scheduledDelayMillis: SEND_EVERY_MS,
            exportTimeoutMillis: EXPORT_LIMIT_MS,
          }),
        ];
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [...(options.processors ?? []), ...exporting],
    spanLimits: { attributeCountLimit: 128, eventCountLimit: 256, attributeValueLengthLimit: 20_000 },
  });
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const serializer = new PrometheusSerializer();

  return {
    tracer: provider.getTracer('pivot', PRODUCT_VERSION),
    meter: meters.getMeter('pivot', PRODUCT_VERSION),
    exportsTo: url === undefined ? undefined : new URL(url).host,
    async prometheus() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(resourceMetrics);
    },
    async shutdown() {
      await Promise.allSettled([provider.shutdown(), meters.shutdown()]);
    },
  };
}

/** `--otlp`, else the standard variables (OpenTelemetry, "OTLP Exporter Configuration"). */
function tracesUrl({ otlpUrl, env }: TelemetryOptions): string | undefined {
  const base = otlpUrl ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (otlpUrl === undefined && env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] !== undefined)
    return env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  return base === undefined ? undefined : `${base.replace(/\/+$/, '')}/v1/traces`;
}
