import type { Meter, Tracer } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type BufferConfig,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { nameWithUnit } from './metrics/prometheus-name.ts';
import { PRODUCT_VERSION } from './version.ts';

export interface TelemetryOptions {
  /** `service.name`; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` go before it. */
  readonly serviceName: string;
  /** Base URL of an OTLP/HTTP receiver, e.g. `http://127.0.0.1:4318`; the traces go to `/v1/traces` there. */
  readonly otlpUrl?: string;
  /** The environment, for the standard `OTEL_*` variables; the SDK reads further ones (headers, sampler, limits) by itself. */
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
    [ATTR_SERVICE_NAME]: options.serviceName,
    [ATTR_SERVICE_VERSION]: PRODUCT_VERSION,
  }).merge(detectResources({ detectors: [envDetector] }));
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const url = tracesUrl(options);
  const timeoutMillis = positive(env['OTEL_EXPORTER_OTLP_TIMEOUT']) ?? EXPORT_LIMIT_MS;
  // The declarations of sdk-trace-base leave `selfObsMeterProvider` out. It counts spans that were sent, that could not be
  // (`error.type`), and that were dropped (`queue_full`).
  const queue: BufferConfig & { readonly selfObsMeterProvider: MeterProvider } = {
    maxQueueSize: positive(env['OTEL_BSP_MAX_QUEUE_SIZE']) ?? QUEUE_LIMIT,
    maxExportBatchSize: positive(env['OTEL_BSP_MAX_EXPORT_BATCH_SIZE']) ?? BATCH,
    scheduledDelayMillis: positive(env['OTEL_BSP_SCHEDULE_DELAY']) ?? SEND_EVERY_MS,
    exportTimeoutMillis: positive(env['OTEL_BSP_EXPORT_TIMEOUT']) ?? EXPORT_LIMIT_MS,
    selfObsMeterProvider: meters,
  };
  const exporting =
    url === undefined ? [] : [new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis }), queue)];
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [...(options.processors ?? []), ...exporting],
    spanLimits: { attributeCountLimit: 128, eventCountLimit: 256, attributeValueLengthLimit: 20_000 },
  });
  const serializer = new PrometheusSerializer();

  return {
    tracer: provider.getTracer('pivot', PRODUCT_VERSION),
    meter: meters.getMeter('pivot', PRODUCT_VERSION),
    exportsTo: url === undefined ? undefined : new URL(url).host,
    async prometheus() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(withUnits(resourceMetrics));
    },
    async shutdown() {
      await Promise.allSettled([provider.shutdown(), meters.shutdown()]);
    },
  };
}

/** The exporter leaves units out of names; Prometheus' conventions and OpenTelemetry's have them there. */
function withUnits({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((metric) => ({
        ...metric,
        descriptor: { ...metric.descriptor, name: nameWithUnit(metric.descriptor) },
      })),
    })),
  };
}

/** `--otlp`, else the standard variables (OpenTelemetry, "OTLP Exporter Configuration"); undefined when they turn traces off. */
function tracesUrl({ otlpUrl, env }: TelemetryOptions): string | undefined {
  if (otlpUrl !== undefined) return underBase(otlpUrl);
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return undefined;
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  // An empty variable counts as none (OpenTelemetry, "Environment Variable Specification").
  return env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || (base ? underBase(base) : undefined);
}

function underBase(url: string): string {
  return `${url.replace(/\/+$/, '')}/v1/traces`;
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}
