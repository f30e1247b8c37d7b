/** Upper bounds of a histogram's buckets, in the metric's unit. */
export type Buckets = readonly number[];

/** A metric as code and documentation have it. Its name and unit are OpenTelemetry's; `prometheusName` says what scrapers see. */
export interface MetricDefinition {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM: `s`, `By`, `1` for a share or a yes (1) and no (0), or what is counted in braces. */
  readonly unit: 's' | 'By' | '1' | `{${string}}`;
  readonly description: string;
  /** What each label says, with its values: all of them are known beforehand, or bounded by something that is named. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly buckets?: Buckets;
}

/** Checks definitions while their names stay literal types. */
export function define<const T extends Readonly<Record<string, MetricDefinition>>>(definitions: T): T {
  return definitions;
}
