import { readFileSync } from 'node:fs';
import { parseKeyPairsIntoRecord } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { PRODUCT, PRODUCT_VERSION } from '../version.ts';
import { GrpcExporter } from './grpc-exporter.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type Protocol = 'http/json' | 'http/protobuf' | 'grpc';

const PROTOCOLS: readonly string[] = ['http/json', 'http/protobuf', 'grpc'] satisfies readonly Protocol[];
/** JSON costs a third of the CPU time of protobuf where spans have bodies, and every receiver of OTLP over HTTP takes it. */
const DEFAULT_PROTOCOL: Protocol = 'http/json';

/** Where spans go, and how. */
export interface ExportTarget {
  readonly protocol: Protocol;
  /** With the path, over HTTP; without, over gRPC. */
  readonly url: string;
}

/** `otlpUrl` (a base URL), else the standard variables (OpenTelemetry, "OTLP Exporter Configuration"); undefined when they turn traces off. */
export function exportTarget(otlpUrl: string | undefined, env: Environment): ExportTarget | undefined {
  const protocol = protocolOf(env);
  const target = (base: string): ExportTarget => ({
    protocol,
    url: protocol === 'grpc' ? origin(base, env) : underBase(base),
  });
  if (otlpUrl !== undefined) return target(otlpUrl);
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return undefined;
  // An empty variable counts as none (OpenTelemetry, "Environment Variable Specification").
  const whole = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  if (whole) return protocol === 'grpc' ? target(whole) : { protocol, url: whole };
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  return base ? target(base) : undefined;
}

/** What of the variables is not understood, as `NAME=VALUE`; the default stands for it. */
export function unknownProtocol(env: Environment): string | undefined {
  const given = protocolVariable(env);
  return given === undefined || PROTOCOLS.includes(given.value) ? undefined : `${given.name}=${given.value}`;
}

/** `timeoutMs`: for one batch, with its repetitions. */
export function createExporter({ protocol, url }: ExportTarget, timeoutMs: number, env: Environment): SpanExporter {
  switch (protocol) {
    case 'http/json':
      return new OTLPTraceExporter({ url, timeoutMillis: timeoutMs });
    case 'http/protobuf':
      return new ProtobufExporter({ url, timeoutMillis: timeoutMs });
    case 'grpc':
      return new GrpcExporter({
        url,
        timeoutMs,
        headers: {
          ...parseKeyPairsIntoRecord(env['OTEL_EXPORTER_OTLP_HEADERS']),
          ...parseKeyPairsIntoRecord(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS']),
        },
        gzip: forTraces('COMPRESSION', env)?.value === 'gzip',
        tls: {
          ...file('ca', 'CERTIFICATE', env),
          ...file('cert', 'CLIENT_CERTIFICATE', env),
          ...file('key', 'CLIENT_KEY', env),
        },
        userAgent: `${PRODUCT}/${PRODUCT_VERSION}`,
      });
  }
}

function protocolOf(env: Environment): Protocol {
  const value = protocolVariable(env)?.value;
  return value !== undefined && PROTOCOLS.includes(value) ? (value as Protocol) : DEFAULT_PROTOCOL;
}

function protocolVariable(env: Environment): { readonly name: string; readonly value: string } | undefined {
  return forTraces('PROTOCOL', env);
}

/** The variable for traces goes before the one for all signals. */
function forTraces(name: string, env: Environment): { readonly name: string; readonly value: string } | undefined {
  for (const key of [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
    const value = env[key];
    if (value) return { name: key, value };
  }
  return undefined;
}

function file<Key extends string>(key: Key, name: string, env: Environment): { readonly [K in Key]?: Buffer } {
  const path = forTraces(name, env)?.value;
  return path === undefined ? {} : ({ [key]: readFileSync(path) } as { readonly [K in Key]?: Buffer });
}

function underBase(url: string): string {
  return `${url.replace(/\/+$/, '')}/v1/traces`;
}

/** gRPC has no paths; an address without a scheme is TLS unless `…_INSECURE` says otherwise. */
function origin(base: string, env: Environment): string {
  if (/^https?:\/\//i.test(base)) return new URL(base).origin;
  const insecure = forTraces('INSECURE', env)?.value.toLowerCase() === 'true';
  return new URL(`${insecure ? 'http' : 'https'}://${base}`).origin;
}
