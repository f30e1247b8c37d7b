import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from './log.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly log: Logger;
  /** Whether the process does its work; false makes `/readyz` answer 503 with the reasons. */
  readonly readiness: () => { readonly ready: boolean; readonly reasons: readonly string[] };
  readonly metrics: () => Promise<string>;
  /** Further routes. */
  readonly routes?: (server: FastifyInstance) => void;
}

export interface HttpServer {
  /** `http://HOST:PORT`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Largest request that is taken; the routes take next to nothing. */
const BODY_LIMIT = 64 * 1024;

/**
 * The process's HTTP side: `/healthz` (the event loop turns), `/readyz` (it can do its work), `/metrics` (Prometheus), and what else it
 * is given. Rejects when the address is in use.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
  });
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const { ready, reasons } = options.readiness();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reasons });
  });
  server.get('/metrics', async (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(await options.metrics()),
  );
  options.routes?.(server);
  server.setNotFoundHandler((request, reply) => {
    void reply
      .code(404)
      .send({ status: 'error', message: `There is nothing at ${request.method} ${request.url.slice(0, 200)}` });
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) options.log.error({ err: error }, 'HTTP request failed');
    void reply.code(status).send({ status: 'error', message: status >= 500 ? 'Internal error' : error.message });
  });
  await server.listen({ host: options.host, port: options.port });
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    close: () => server.close(),
  };
}
