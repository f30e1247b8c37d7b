import { after, before, describe, test } from 'node:test';
import { type CallOptions, createPhones, type PhoneCall, type Phones } from '../../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, startPivot } from '../harness.ts';
import type { Trace } from '../trace.ts';
import { startWeb, type Web } from '../web.ts';
import { ROWS, type RowId } from './rows.ts';
import { type Story, storyOf } from './story.ts';

/** What the callers of these tests hear when an exchange has failed. */
export const FAILED_BACK = 'failed back';
export const FAILBACK = { module: 'tts', data: { text: FAILED_BACK } };

export interface Row {
  readonly id: RowId;
  /** Added to the name: where the test proves something else than the row's words. */
  readonly note?: string;
  /** `spec` of the callflows that the row calls, without their numbers. Default: one, which asks `/` for TwiML. */
  readonly specs?: (url: string) => Readonly<Record<string, object>>;
  readonly test: (bench: Bench) => Promise<void>;
}

/** What a row's test works with: a web server of its own, and numbers of its own on a `pivot up` that it shares. */
export interface Bench {
  readonly web: Web;
  readonly pivot: Pivot;
  readonly phones: Phones;
  /** Who is called by rows that call out. */
  readonly callees: Phones;
  /** Calls one of the row's callflows, the first when none is named. */
  call(spec?: string, options?: Partial<CallOptions>): Promise<RowCall>;
}

export interface RowCall {
  readonly phone: PhoneCall;
  readonly trace: Trace;
  /** Presses keys. The call may go on, and end, at the last one before its tone is over. */
  press(keys: string): Promise<void>;
  /** Resolves when the call is over. */
  over(): Promise<Story>;
}

/** `spec` of a callflow that asks `url` TwiML's way, and fails back. */
export function asks(url: string, more: object = {}): object {
  return {
    pivot: { voice_url: url, method: 'post', req_format: 'twiml', debug: true, ...more },
    failback: FAILBACK,
  };
}

/** A pivot action as it stands in a callflow, with a failback. */
export function pivotNode(data: object): object {
  return { module: 'pivot', data, children: { _: FAILBACK } };
}

/** Numbers of two rows never meet: table, row, callflow. */
function numberOf(id: RowId, index: number): string {
  const [, table = '', row = ''] = id.split('.');
  return `${table}${row.padStart(2, '0')}${String(index).padStart(2, '0')}`;
}

/** Calls at once in one file: the machine should not be what is tested. */
const CALLS_AT_ONCE = 12;

export interface ConformanceOptions {
  /** Options of `pivot up`. */
  readonly options?: readonly string[];
  /** Further manifests; `sipPort` is that of the `callees`. */
  readonly manifests?: (sipPort: number) => Readonly<Record<string, object>>;
}

/** Runs the rows, several at a time, over one `pivot up`. */
export function conformance(
  title: string,
  rows: readonly Row[],
  { options = [], manifests: further = () => ({}) }: ConformanceOptions = {},
): void {
  describe(title, { concurrency: CALLS_AT_ONCE }, () => {
    const webs = new Map<RowId, Web>();
    const numbers = new Map<RowId, ReadonlyMap<string, string>>();
    let pivot: Pivot | undefined;
    let phones: Phones | undefined;
    let callees: Phones | undefined;

    before(async () => {
      callees = await createPhones();
      const manifests: Record<string, object> = { ...further(callees.sipPort) };
      for (const { id, specs = (url: string) => ({ only: asks(`${url}/`) }) } of rows) {
        const web = await startWeb();
        webs.set(id, web);
        const entries = Object.entries(specs(web.url));
        numbers.set(id, new Map(entries.map(([name], index) => [name, numberOf(id, index)])));
        for (const [index, [, spec]] of entries.entries()) {
          const number = numberOf(id, index);
          manifests[`${number}.yaml`] = callflowManifest(`row-${number}`, [number], spec);
        }
      }
      pivot = await startPivot({ manifests, options });
      phones = await createPhones();
    });

    after(async () => {
      await phones?.close();
      await callees?.close();
      try {
        await pivot?.stop();
      } finally {
        await pivot?.dispose();
        for (const web of webs.values()) await web.close();
      }
    });

    for (const row of rows) {
      const note = row.note === undefined ? '' : ` (${row.note})`;
      test(`${row.id} ${ROWS[row.id]}${note}`, async () => {
        const called = numbers.get(row.id) ?? new Map<string, string>();
        const running = { pivot: pivot!, phones: phones!, callees: callees! };
        await row.test({
          ...running,
          web: webs.get(row.id)!,
          async call(spec, callOptions = {}) {
            const number = spec === undefined ? [...called.values()][0] : called.get(spec);
            if (number === undefined) throw new Error(`row ${row.id} has no callflow "${spec}"`);
            const { phone, trace } = await running.pivot.call(running.phones, number, callOptions);
            const press = (keys: string): Promise<void> => phone.press(keys).catch(() => {});
            return { phone, trace, press, over: () => storyOf(phone, trace) };
          },
        });
      });
    }
  });
}
