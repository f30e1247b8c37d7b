import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A span that came, in OTLP's JSON, as far as tests look at it. */
export interface SentSpan {
  readonly traceId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** PV- codes of its events. */
  readonly events: readonly string[];
}

/** What a receiver does with spans: takes them, takes the bytes and says nothing, or refuses for now. */
export type Mood = 'takes' | 'silent' | 'refuses';

/** An OTLP/HTTP receiver on a real port, as helpful as a test says. */
export interface Collector {
  /** Base URL. */
  readonly url: string;
  readonly port: number;
  mood: Mood;
  /** Spans of requests that were answered with 200. */
  readonly spans: readonly SentSpan[];
  /** Every body that came, byte for byte. */
  readonly bytes: readonly Buffer[];
  /** Resolves when `holds` is true of the spans. */
  until(holds: (spans: readonly SentSpan[]) => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startCollector(port = 0): Promise<Collector> {
  const spans: SentSpan[] = [];
  const bytes: Buffer[] = [];
  const waiting = new Set<() => void>();
  const sockets = new Set<Socket>();
  let mood: Mood = 'takes';

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    bytes.push(body);
    if (mood === 'silent') return;
    if (mood === 'refuses') {
      response.writeHead(400).end();
      return;
    }
    spans.push(...spansIn(body));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    for (const look of [...waiting]) look();
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const at = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${at}`,
    port: at,
    get mood() {
      return mood;
    },
    set mood(next) {
      mood = next;
    },
    spans,
    bytes,
    until: (holds) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds(spans)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type Pairs = readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];

interface Message {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly name: string;
        readonly attributes?: Pairs;
        readonly events?: readonly { readonly attributes?: Pairs }[];
      }[];
    }[];
  }[];
}

function spansIn(body: Buffer): SentSpan[] {
  const { resourceSpans } = JSON.parse(body.toString()) as Message;
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, name, attributes = [], events = [] }) => ({
        traceId,
        name,
        attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
        events: events.flatMap((event) =>
          (event.attributes ?? []).flatMap(({ key, value }) =>
            key === 'pivot.error.code' ? [String(value['stringValue'])] : [],
          ),
        ),
      })),
    ),
  );
}
