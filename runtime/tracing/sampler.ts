import type { Attributes, Context, Link, SpanKind } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

type Environment = Readonly<Record<string, string | undefined>>;

/** Names of `OTEL_TRACES_SAMPLER` (OpenTelemetry, "Environment Variable Specification"), of those that need no server. */
const SAMPLERS: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};

export const SAMPLER_NAMES: readonly string[] = Object.keys(SAMPLERS);

/** What the variables ask for; `unknown`: what of them is not understood, for which the standard's defaults stand. */
export function readSampler(env: Environment): { readonly sampler: Sampler; readonly unknown?: string } {
  const name = env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const argument = env['OTEL_TRACES_SAMPLER_ARG'];
  const make = SAMPLERS[name];
  if (make === undefined) {
    return {
      sampler: new RecordingSampler(SAMPLERS['parentbased_always_on']!(1)),
      unknown: `OTEL_TRACES_SAMPLER=${name}`,
    };
  }
  const ratio = argument === undefined || argument === '' ? 1 : Number(argument);
  const usable = ratio >= 0 && ratio <= 1;
  const sampler = new RecordingSampler(make(usable ? ratio : 1));
  return usable || !name.endsWith('ratio') ? { sampler } : { sampler, unknown: `OTEL_TRACES_SAMPLER_ARG=${argument}` };
}

/**
 * Decides as another sampler does, but records what that drops: the log of this process has every call, and one that goes wrong is exported after
 * all. What is only recorded has no `sampled` flag, so that web servers see in `traceparent` that the call is none of the chosen.
 */
class RecordingSampler implements Sampler {
  readonly #decides: Sampler;

  constructor(decides: Sampler) {
    this.#decides = decides;
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const result = this.#decides.shouldSample(context, traceId, name, kind, attributes, links);
    return result.decision === SamplingDecision.NOT_RECORD ? { ...result, decision: SamplingDecision.RECORD } : result;
  }

  toString(): string {
    return `Recording{${this.#decides.toString()}}`;
  }
}
