import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { PivotError, type PvCode } from '../../crds/errors/fault.ts';

/** HTTP status of our codes; of all others, 500. */
const STATUSES: Readonly<Partial<Record<PvCode, number>>> = {
  [debugCodes.badQuery.code]: 400,
  [debugCodes.unauthenticated.code]: 401,
  [debugCodes.forbidden.code]: 403,
  [debugCodes.foreignRequest.code]: 403,
  [debugCodes.noCall.code]: 404,
  [debugCodes.tooMuch.code]: 422,
  [debugCodes.tooBusy.code]: 503,
  [debugCodes.jaegerAway.code]: 502,
  [debugCodes.apiServerAway.code]: 502,
};

const RETRY_SECONDS = 2;

/** What went wrong is told in Kazoo's form, with our code beside it. */
export function tellErrors(scope: FastifyInstance): void {
  scope.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (!(error instanceof PivotError)) throw error;
    const { code, message } = error.fault;
    const status = STATUSES[code] ?? 500;
    if (status === 503) void reply.header('retry-after', RETRY_SECONDS);
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply
      .code(status)
      .send({ data: { message }, error: String(status), message, code, status: 'error', request_id: randomUUID() });
  });
}

/** Aborted when whoever asked has gone away. */
export function whileWaiting(reply: FastifyReply): AbortSignal {
  const stop = new AbortController();
  reply.raw.once('close', () => stop.abort());
  return stop.signal;
}
