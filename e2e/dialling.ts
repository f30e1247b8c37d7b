/** For tests of calls out: numbers whose callflow answers with a document, and phones that are called. */
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, type PivotUpOptions, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import { tone } from './tones.ts';
import { startWeb, twiml, type Web, type WebRequest } from './web.ts';

/** As long as any test lasts. */
export const LONG_MS = 120_000;

export interface Dialling {
  readonly web: Web;
  readonly pivot: Pivot;
  readonly phones: Phones;
  /** Who is called. */
  readonly callees: Phones;
  call(number: string, hz?: number): Promise<TracedCall>;
  /** The parameters of the next request at a path. */
  told(path: string): Promise<URLSearchParams>;
  close(): Promise<void>;
}

export interface DiallingOptions extends Partial<Omit<PivotUpOptions, 'manifests'>> {
  /** Verbs by number; `sip` gives the address of a callee. The action of each `/NUMBER/done` says "after". */
  readonly documents: (sip: (user: string) => string) => Readonly<Record<string, string>>;
  /** Further manifests. */
  readonly manifests?: (sip: (user: string) => string, calleePort: number) => Readonly<Record<string, object>>;
  readonly also?: (web: Web) => void;
}

export async function startDialling(options: DiallingOptions): Promise<Dialling> {
  const { documents, manifests = () => ({}), also = () => {}, ...up } = options;
  const web = await startWeb();
  const callees = await createPhones();
  const sip = (user: string): string => `sip:${user}@127.0.0.1:${callees.sipPort}`;
  const declared: Record<string, object> = {};
  for (const [number, verbs] of Object.entries(documents(sip))) {
    web.on(`/${number}`, twiml(verbs));
    web.on(`/${number}/done`, twiml('<Play>tone_stream://%(200,0,1500)</Play>'));
    declared[`${number}.yaml`] = pivotManifest(`dial-${number}`, [number], `${web.url}/${number}`);
  }
  also(web);
  const pivot = await startPivot({ ...up, manifests: { ...declared, ...manifests(sip, callees.sipPort) } });
  const phones = await createPhones();
  return {
    web,
    pivot,
    phones,
    callees,
    call: (number, hz) => pivot.call(phones, number, hz === undefined ? {} : { source: tone(hz, LONG_MS) }),
    told: async (path) => parametersOf(await web.request(path)),
    async close() {
      await phones.close();
      await callees.close();
      try {
        await pivot.stop();
      } finally {
        await pivot.dispose();
        await web.close();
      }
    },
  };
}

function parametersOf({ body }: WebRequest): URLSearchParams {
  return new URLSearchParams(body);
}

/** A PivotTrunk to phones of the test. */
export function trunkManifest(name: string, ports: readonly number[], more: object = {}): object {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotTrunk',
    metadata: { name },
    spec: {
      servers: ports.map((port, index) => ({ host: '127.0.0.1', port, priority: index + 1 })),
      countryCode: '1',
      ...more,
    },
  };
}
