import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the web server got. */
export interface WebRequest {
  readonly method: string;
  readonly path: string;
  /** Path and query, byte for byte. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly bytes: Uint8Array;
  /** Of the query and of a form. */
  readonly parameters: URLSearchParams;
  /** Resolves when the other side has gone away before the answer was complete. */
  readonly aborted: Promise<void>;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** `'never'`: the request is read and not answered. */
export type Handler = (request: WebRequest) => Answer | 'never' | Promise<Answer | 'never'>;

export function twiml(verbs: string): Answer {
  return { headers: { 'content-type': 'text/xml' }, body: `<Response>${verbs}</Response>` };
}

export function callflow(flow: object): Answer {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(flow) };
}

export function wav(bytes: Uint8Array): Answer {
  return { headers: { 'content-type': 'audio/wav' }, body: bytes };
}

/** A web server that answers as a test says and remembers what it was asked. */
export interface Web {
  /** `http://HOST:PORT`. */
  readonly url: string;
  readonly requests: readonly WebRequest[];
  /** What is answered at a path from now on. */
  on(path: string, answer: Answer | 'never' | Handler): void;
  /** The next request at a path that was not given out yet, now or later. */
  request(path: string): Promise<WebRequest>;
  /** Connections that are open. */
  connections(): Promise<number>;
  /** Closes connections that are kept for further requests, so that they do not count as left behind. */
  closeIdle(): void;
  /** Closes everything, as a server that dies does. */
  close(): Promise<void>;
}

export async function startWeb(port = 0): Promise<Web> {
  const handlers = new Map<string, Handler>();
  const requests: WebRequest[] = [];
  const taken = new Set<WebRequest>();
  const waiting = new Set<() => void>();

  const server: Server = createServer((incoming, response) => {
    read(incoming, response)
      .then(async (request) => {
        requests.push(request);
        for (const told of [...waiting]) told();
        const answer = (await handlers.get(request.path)?.(request)) ?? { status: 404, body: 'nothing here' };
        if (answer === 'never' || response.destroyed) return;
        response.writeHead(answer.status ?? 200, { 'content-type': 'text/plain', ...answer.headers });
        response.end(answer.body);
      })
      .catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    on: (path, answer) => {
      handlers.set(path, typeof answer === 'function' ? answer : () => answer);
    },
    request: (path) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = requests.find((request) => request.path === path && !taken.has(request));
          if (found === undefined) return;
          taken.add(found);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    closeIdle: () => server.closeIdleConnections(),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function read(incoming: IncomingMessage, response: ServerResponse): Promise<WebRequest> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  response.on('close', () => {
    if (!response.writableFinished) resolve();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const body = bytes.toString();
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://web.invalid');
  if (incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true) {
    for (const [name, value] of new URLSearchParams(body)) searchParams.append(name, value);
  }
  return {
    method: incoming.method ?? '',
    path: pathname,
    target: incoming.url ?? '',
    headers: incoming.headers,
    body,
    bytes,
    parameters: searchParams,
    aborted,
  };
}
