import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isRecord } from '../objects.ts';
import { answer, type Behaviour, commit, type SeenRequest, status } from './behaviour.ts';
import { ObjectHistory } from './object-history.ts';
import { serveResource, type Target } from './serve-resource.ts';
import { type OpenWatch, serveWatch } from './watch-response.ts';

const TLS = new URL('./tls/', import.meta.url);
export const tlsFile = (name: string): string => new URL(name, TLS).pathname;

/** A real HTTP or HTTPS server with the API's manners, which misbehaves as a test says. */
export interface ScriptedApiServer {
  readonly url: string;
  /** Everything that was asked, in order. */
  readonly requests: readonly SeenRequest[];
  /** Connections accepted so far. */
  readonly connections: number;
  readonly watches: ReadonlySet<OpenWatch>;
  /** Requests that will never be answered, and watches that say nothing more. */
  readonly silent: number;
  /** The objects of a kind, by its plural name. */
  history(plural: string): ObjectHistory;
  /** Decides for each request whether the server misbehaves. Undefined: it serves well. */
  behave: (request: SeenRequest) => Behaviour | undefined;
  /** Answers reviews: the `spec` in, the `status` out. */
  review: (kind: string, spec: Record<string, unknown>) => object;
  close(): Promise<void>;
}

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?$/;

export async function startApiServer(options: { readonly tls?: 'server' | 'mutual' } = {}): Promise<ScriptedApiServer> {
  const histories = new Map<string, ObjectHistory>();
  const requests: SeenRequest[] = [];
  const watches = new Set<OpenWatch>();
  const hanging = new Set<ServerResponse>();
  const sockets = new Map<Socket, number>();
  let connections = 0;

  const listener: RequestListener = (request, response) => {
    void serve(request, response);
  };
  const server =
    options.tls === undefined
      ? createServer(listener)
      : createTlsServer(
          {
            cert: readFileSync(tlsFile('server.pem')),
            key: readFileSync(tlsFile('server.key')),
            ca: readFileSync(tlsFile('ca.pem')),
            requestCert: options.tls === 'mutual',
            rejectUnauthorized: options.tls === 'mutual',
          },
          listener,
        );
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.set(socket, ++connections);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const self: ScriptedApiServer = {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    watches,
    get connections() {
      return connections;
    },
    get silent() {
      return hanging.size + [...watches].filter(({ silent }) => silent).length;
    },
    history(plural) {
      const history = histories.get(plural) ?? new ObjectHistory();
      histories.set(plural, history);
      return history;
    },
    behave: () => undefined,
    review: () => ({}),
    async close() {
      for (const socket of sockets.keys()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;

  async function serve(request: IncomingMessage, response: ServerResponse) {
    response.on('error', () => undefined);
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://server');
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: pathname,
      query,
      headers: request.headers,
      body: await readBody(request),
      clientName: options.tls === 'mutual' ? commonName(request.socket as TLSSocket) : undefined,
      connection: sockets.get(request.socket) ?? 0,
    };
    requests.push(seen);
    const behaviour = self.behave(seen);
    if (behaviour !== undefined && 'do' in behaviour) {
      if (behaviour.do === 'hang') {
        hanging.add(response);
        response.on('close', () => hanging.delete(response));
      }
      return commit(behaviour, response);
    }
    const groups = PATH.exec(pathname)?.groups;
    if (groups === undefined) return answer(response, 404, status(404, 'NotFound', 'no such path'));
    const target = groups as unknown as Target;
    if (target.plural.endsWith('reviews') && isRecord(seen.body) && isRecord(seen.body['spec'])) {
      return answer(response, 201, { ...seen.body, status: self.review(String(seen.body['kind']), seen.body['spec']) });
    }
    const history = self.history(target.plural);
    if (seen.method !== 'GET' || query.get('watch') !== 'true') return serveResource(seen, response, target, history);
    const from = Number(query.get('resourceVersion'));
    if (from < history.compacted) return answer(response, 410, status(410, 'Expired', 'too old resource version'));
    const wanted = ({ object }: { object: { metadata: { namespace?: string } } }) =>
      target.namespace === undefined || object.metadata.namespace === target.namespace;
    const watch = serveWatch(response, history, from, wanted, behaviour);
    watches.add(watch);
    response.on('close', () => watches.delete(watch));
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function commonName(socket: TLSSocket): string | undefined {
  const name = socket.getPeerCertificate().subject?.CN;
  return Array.isArray(name) ? name[0] : name;
}
