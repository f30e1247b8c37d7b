import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What is wrong with the API server, as its clients see it. */
export type Trouble =
  /** Every request, or every watch, is answered so; watches that are open are ended. */
  | {
      readonly kind: 'refuses';
      readonly status: number;
      readonly reason: string;
      readonly retryAfter?: number;
      readonly only?: 'watches';
    }
  /** Every answer begins so many milliseconds late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Every response is cut in the middle of its body. */
  | { readonly kind: 'cuts' };

export interface ApiProxy {
  readonly url: string;
  /** From now on; undefined: nothing is wrong. */
  set(trouble: Trouble | undefined): void;
  /** Requests that met with the present trouble. */
  readonly met: number;
  close(): Promise<void>;
}

export interface ApiProxyOptions {
  readonly target: string;
  readonly targetCa: string;
  /** Folder with `server.pem` and `server.key` for 127.0.0.1. */
  readonly tls: string;
}

/** Stands between an operator and the real API server. */
export async function startApiProxy({ target, targetCa, tls }: ApiProxyOptions): Promise<ApiProxy> {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(targetCa) });
  const watches = new Set<ServerResponse>();
  let trouble: Trouble | undefined;
  let met = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isWatch = new URL(request.url ?? '/', target).searchParams.get('watch') !== null;
    const now = trouble;
    if (now?.kind === 'refuses' && (now.only === undefined || isWatch)) {
      met++;
      refuse(response, now);
      return;
    }
    if (now?.kind === 'slow') {
      met++;
      await delay(now.ms);
    }
    const { method, headers, url } = request;
    const forwarded = httpsRequest(`${target}${url}`, {
      method,
      headers: { ...headers, host: new URL(target).host },
      agent,
    });
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
    forwarded.on('response', (from) => {
      from.on('error', () => response.destroy());
      response.writeHead(from.statusCode ?? 502, from.headers);
      if (isWatch) {
        watches.add(response);
        response.on('close', () => watches.delete(response));
      }
      if (now?.kind === 'cuts') {
        met++;
        from.once('data', (chunk: Buffer) => {
          response.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => response.destroy());
        });
      } else from.pipe(response);
    });
  }

  const server = createServer(
    { cert: readFileSync(join(tls, 'server.pem')), key: readFileSync(join(tls, 'server.key')) },
    (request, response) => void answer(request, response).catch(() => response.destroy()),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(next) {
      trouble = next;
      met = 0;
      // A watch that stays open would show nothing of it.
      if (next !== undefined) for (const watch of watches) watch.destroy();
    },
    get met() {
      return met;
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function refuse(response: ServerResponse, { status, reason, retryAfter }: Extract<Trouble, { kind: 'refuses' }>): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  });
  response.end(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: status,
      reason,
      message: `said so by a test: ${reason}`,
    }),
  );
}
