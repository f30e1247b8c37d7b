import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createPhones, type PhoneCall, type Phones } from '../../media-worker/softswitch/phone.ts';
import { type Hostile, type Misdeed, startHostile } from '../conformance/hostile.ts';
import { callflowManifest, type Pivot, startPivot } from '../harness.ts';
import { type Answer, type Handler, startWeb, type Web } from '../web.ts';

/** Where a failing call's callflow may lead. */
export interface Places {
  /** Of the case itself, on a web server: `http://127.0.0.1:PORT/NUMBER`. */
  readonly own: string;
  /** Of the case itself, on a server that does with the bytes what the case says. */
  readonly hostile: string;
  /** `https:`, with a certificate for another name. */
  readonly otherName: string;
  /** `https:`, where no TLS is spoken. */
  readonly noTls: string;
  /** SIP address of somebody who is called. */
  sip(user: string): string;
  /** SIP port of those who are called. */
  readonly calleePort: number;
}

type Tags = Readonly<Record<string, string | number | boolean | RegExp>>;

/** One call that fails in its own way, and what its trace must tell. */
export interface FailingCall {
  readonly what: string;
  /** `spec` of its callflow; without one there is no callflow for its number. */
  readonly spec?: (at: Places) => object;
  /** Of another namespace than `default`. */
  readonly namespace?: string;
  /** What the web server answers at its own path, and at others beneath it. */
  readonly web?: Readonly<Record<string, Answer | 'never' | Handler>>;
  readonly misdeed?: Misdeed;
  /** What the phones do meanwhile; the call ends by itself otherwise. `path`: its own on the web server. */
  readonly act?: (bench: FailingBench, call: PhoneCall, path: string) => Promise<unknown>;
  /** Its spans that come when the root has ended know the callflow, and not the number. Default: number. */
  readonly by?: 'callflow';
  /** What it is found by, beside its number: attributes of its root, or of a span that came when that had ended. */
  readonly found: Readonly<Record<string, string>>;
  /** The root, when it is not what is found. */
  readonly root?: Tags;
  /** The span that shows the place, by its name, and what it says. */
  readonly place: readonly [span: string, tags: Tags];
  /** An event in one of the spans. */
  readonly event?: Tags;
}

/** One `pivot up` whose traces go to Jaeger, with servers that fail. */
export interface FailingBench {
  readonly pivot: Pivot;
  readonly phones: Phones;
  readonly callees: Phones;
  readonly web: Web;
  /** Places the call and waits for its end. */
  run(call: FailingCall, index: number): Promise<PhoneCall>;
  close(): Promise<void>;
}

const CERTIFICATES = new URL('../../media-worker/outgoing/testdata/', import.meta.url);

export interface FailingBenchOptions {
  readonly otlp: string;
  readonly calls: readonly FailingCall[];
  /** Further manifests. */
  readonly manifests: (at: Places) => Readonly<Record<string, object>>;
}

/** Each call has a callflow of its own, by this number, which alone answers it. */
export function numberOf(index: number): string {
  return `+1415555${7001 + index}`;
}

export function callflowOf(index: number): string {
  return `failing-${7001 + index}`;
}

export async function startFailingBench({ otlp, calls, manifests }: FailingBenchOptions): Promise<FailingBench> {
  const [web, callees, phones] = await Promise.all([startWeb(), createPhones(), createPhones()]);
  const hostile: Hostile = await startHostile(
    Object.fromEntries(
      calls.flatMap(({ misdeed }, index) => (misdeed === undefined ? [] : [[String(7001 + index), misdeed]])),
    ),
  );
  const otherName = await startTls('other-name.crt');
  const at = (index: number): Places => ({
    own: `${web.url}/${7001 + index}`,
    hostile: `${hostile.url}/${7001 + index}`,
    otherName: `https://localhost:${(otherName.address() as AddressInfo).port}/`,
    noTls: `${web.url.replace('http:', 'https:')}/${7001 + index}`,
    sip: (user) => `sip:${user}@127.0.0.1:${callees.sipPort}`,
    calleePort: callees.sipPort,
  });
  const declared: Record<string, object> = { ...manifests(at(0)) };
  for (const [index, { spec, web: answers = {}, namespace }] of calls.entries()) {
    for (const [path, answer] of Object.entries(answers)) web.on(`/${7001 + index}${path}`, answer);
    if (spec === undefined) continue;
    const made = callflowManifest(callflowOf(index), [numberOf(index)], spec(at(index)));
    const { metadata } = made as { metadata: object };
    declared[`${index}.yaml`] = namespace === undefined ? made : { ...made, metadata: { ...metadata, namespace } };
  }
  const closeServers = async (): Promise<void> => {
    await phones.close();
    await callees.close();
    await web.close();
    await hostile.close();
    otherName.close();
    otherName.closeAllConnections();
  };
  const started = startPivot({ manifests: declared, options: ['--otlp', otlp] });
  // A test that cannot begin leaves no server that keeps its process alive.
  started.catch(closeServers);
  const pivot = await started;
  const servers = { pivot, phones, callees, web };
  const bench: FailingBench = {
    ...servers,
    async run({ act }, index) {
      const call = await phones.placeCall({ number: numberOf(index), sip: pivot.sip });
      await act?.(bench, call, `/${7001 + index}`);
      await call.ended;
      return call;
    },
    async close() {
      await pivot.dispose();
      await closeServers();
    },
  };
  return bench;
}

async function startTls(certificate: string): Promise<Server> {
  const read = (name: string): Buffer => readFileSync(new URL(name, CERTIFICATES));
  const server = createServer({ key: read('localhost.key'), cert: read(certificate) }, (_request, response) =>
    response.end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
