import type { Meter, Tracer } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type BufferConfig,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { counter } from './metrics/instruments.ts';
import { TRACE_METRICS } from './metrics/process-metrics.ts';
import { nameWithUnit } from './metrics/prometheus-name.ts';
import { createExporter, type ExportTarget, exportTarget, unknownProtocol } from './tracing/exporter.ts';
import { LateChoice } from './tracing/late-choice.ts';
import { readSampler } from './tracing/sampler.ts';
import { WatchedExport } from './tracing/watched-export.ts';
import { PRODUCT_VERSION } from './version.ts';

export interface TelemetryOptions {
  /** `service.name`; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` go before it. */
  readonly serviceName: string;
  /** Base URL of an OTLP receiver, e.g. `http://127.0.0.1:4318`; over HTTP the traces go to `/v1/traces` there. */
  readonly otlpUrl?: string;
  /** The environment, for the standard `OTEL_*` variables; the SDK reads further ones (headers over HTTP, limits) by itself. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly news?: TelemetryNews;
  /** Further receivers of spans, e.g. the store in memory. */
  readonly processors?: readonly SpanProcessor[];
}

/** What people should know of the export. */
export interface TelemetryNews {
  /** The receiver takes no spans; told once, until it does again. */
  gone(reason: string): void;
  /** It takes them again; so many were lost meanwhile. */
  back(lost: number): void;
  /** A variable, as `NAME=VALUE`, is not understood; its default stands. */
  unknown(setting: string): void;
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
  const { env, news } = options;
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: options.serviceName,
    [ATTR_SERVICE_VERSION]: PRODUCT_VERSION,
  }).merge(detectResources({ detectors: [envDetector] }));
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const target = exportTarget(options.otlpUrl, env);
  const { sampler, unknown } = readSampler(env);
  for (const setting of [unknown, unknownProtocol(env)]) if (setting !== undefined) news?.unknown(setting);
  const provider = new BasicTracerProvider({
    resource,
    sampler,
    spanProcessors: [
      ...(options.processors ?? []),
      ...(target === undefined ? [] : [exporting(target, meters, options)]),
    ],
    spanLimits: { attributeCountLimit: 128, eventCountLimit: 256, attributeValueLengthLimit: 20_000 },
  });
  const serializer = new PrometheusSerializer();

  return {
    tracer: provider.getTracer('pivot', PRODUCT_VERSION),
    meter: meters.getMeter('pivot', PRODUCT_VERSION),
    exportsTo: target === undefined ? undefined : new URL(target.url).host,
    async prometheus() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(withUnits(resourceMetrics));
    },
    async shutdown() {
      await Promise.allSettled([provider.shutdown(), meters.shutdown()]);
    },
  };
}

/** What is chosen of the spans, waits in a queue that is bounded by number and size, and leaves in batches. */
function exporting(target: ExportTarget, meters: MeterProvider, { env, news }: TelemetryOptions): SpanProcessor {
  const dropped = counter(meters.getMeter('pivot', PRODUCT_VERSION), TRACE_METRICS.spansDropped);
  const watched = new WatchedExport({ gone: (reason) => news?.gone(reason), back: (lost) => news?.back(lost) });
  const timeoutMs = positive(env['OTEL_EXPORTER_OTLP_TIMEOUT']) ?? EXPORT_LIMIT_MS;
  // The declarations of sdk-trace-base leave `selfObsMeterProvider` out. It counts spans that were sent, that could not be
  // (`error.type`), and that were dropped (`queue_full`).
  const bounds: BufferConfig & { readonly selfObsMeterProvider: MeterProvider } = {
    maxQueueSize: positive(env['OTEL_BSP_MAX_QUEUE_SIZE']) ?? QUEUE_LIMIT,
    maxExportBatchSize: positive(env['OTEL_BSP_MAX_EXPORT_BATCH_SIZE']) ?? BATCH,
    scheduledDelayMillis: positive(env['OTEL_BSP_SCHEDULE_DELAY']) ?? SEND_EVERY_MS,
    exportTimeoutMillis: positive(env['OTEL_BSP_EXPORT_TIMEOUT']) ?? EXPORT_LIMIT_MS,
    selfObsMeterProvider: meters,
  };
  const queue = new BatchSpanProcessor(watched.around(createExporter(target, timeoutMs, env)), bounds);
  return new LateChoice({
    next: watched.before(queue, () => dropped(1, { reason: 'too_large' })),
    now: () => performance.now(),
    onGivenUp: (spans) => dropped(spans, { reason: 'undecided' }),
  });
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

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}
