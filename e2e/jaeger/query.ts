import { setTimeout as delay } from 'node:timers/promises';

type Value = string | number | boolean;

/** A span as Jaeger gives it back. */
export interface FoundSpan {
  readonly name: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly tags: Readonly<Record<string, Value>>;
  readonly events: readonly Readonly<Record<string, Value>>[];
}

export interface FoundTrace {
  readonly traceId: string;
  readonly spans: readonly FoundSpan[];
}

/** Asks Jaeger's query service as its page does. */
export interface JaegerQuery {
  /** Traces with a span that has all the tags. */
  find(tags: Readonly<Record<string, string>>): Promise<readonly FoundTrace[]>;
  /** The one trace that is found so, once it is found and `complete` holds. */
  one(tags: Readonly<Record<string, string>>, complete?: (trace: FoundTrace) => boolean): Promise<FoundTrace>;
  /** Names of spans that the service has had. */
  names(): Promise<readonly string[]>;
}

const PATIENCE_MS = 30_000;
const LOOK_AGAIN_MS = 100;
const MOST_TRACES = 1500;

export function jaegerQuery(url: string, service: string): JaegerQuery {
  async function get(path: string): Promise<unknown> {
    const response = await fetch(`${url}${path}`);
    const answer = (await response.json()) as { data?: unknown };
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer.data;
  }

  async function find(tags: Readonly<Record<string, string>>): Promise<readonly FoundTrace[]> {
    const query = new URLSearchParams({
      service,
      tags: JSON.stringify(tags),
      lookback: '1h',
      limit: String(MOST_TRACES),
    });
    return ((await get(`/api/traces?${query}`)) as RawTrace[]).map(readTrace);
  }

  return {
    find,
    async one(tags, complete = () => true) {
      const limit = performance.now() + PATIENCE_MS;
      for (;;) {
        const found = await find(tags);
        if (found.length > 1) throw new Error(`${found.length} traces have ${JSON.stringify(tags)}`);
        const [trace] = found;
        if (trace !== undefined && complete(trace)) return trace;
        if (performance.now() > limit) {
          const [first] = Object.entries(tags);
          const near = trace ?? (first && (await find(Object.fromEntries([first]))))?.[0];
          throw new Error(`no whole trace with ${JSON.stringify(tags)}, but\n${near && tell(near)}`);
        }
        await delay(LOOK_AGAIN_MS);
      }
    },
    names: async () => (await get(`/api/services/${service}/operations`)) as string[],
  };
}

/** A trace in lines, for whoever reads a test's failure. */
export function tell({ spans }: FoundTrace): string {
  return spans
    .map(({ name, tags, events }) =>
      [name, JSON.stringify(tags), ...events.map((one) => JSON.stringify(one))].join('\n   '),
    )
    .join('\n');
}

interface Pair {
  readonly key: string;
  readonly value: Value;
}
interface RawSpan {
  readonly operationName: string;
  readonly spanID: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly tags: readonly Pair[];
  readonly logs: readonly { readonly fields: readonly Pair[] }[];
}
interface RawTrace {
  readonly traceID: string;
  readonly spans: readonly RawSpan[];
}

function readTrace({ traceID, spans }: RawTrace): FoundTrace {
  return {
    traceId: traceID,
    spans: spans.map(({ operationName, spanID, references, tags, logs }) => ({
      name: operationName,
      id: spanID,
      parent: references.find(({ refType }) => refType === 'CHILD_OF')?.spanID,
      tags: record(tags),
      events: logs.map(({ fields }) => record(fields)),
    })),
  };
}

function record(pairs: readonly Pair[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}
