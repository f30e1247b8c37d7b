import type { CodeEntry } from './fault.ts';

/** PV-27xx: where traces go. */
export const traceCodes = {
  receiverGone: {
    code: 'PV-2710',
    severity: 'warning',
    title: 'Traces cannot be sent',
    cause:
      'The OTLP receiver cannot be reached, does not answer within 5 s, or refuses what it is sent. Calls go on, and their spans are lost until it is back; one line says so then.',
    cure: 'Look at the receiver. Its address is that of `--otlp` or `OTEL_EXPORTER_OTLP_ENDPOINT`; over gRPC, which is usually port 4317 and not 4318, set `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`. `otel_sdk_processor_span_processed_total` counts what is lost.',
  },
  unknownSetting: {
    code: 'PV-2711',
    severity: 'warning',
    title: 'A variable for traces is not understood',
    cause:
      '`OTEL_TRACES_SAMPLER`, its argument or `OTEL_EXPORTER_OTLP_PROTOCOL` has a value that this version does not know. Its default stands.',
    cure: 'Samplers: `always_on`, `always_off`, `traceidratio`, each with `parentbased_` before it too; the argument is a number from 0 to 1. Protocols: `http/json`, `http/protobuf`, `grpc`.',
  },
} as const satisfies Record<string, CodeEntry>;
