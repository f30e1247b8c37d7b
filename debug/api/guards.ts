import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';

/**
 * Refuses requests whose `Host` is a name that is not ours. Somebody else's web page can have its own name resolve to this machine (DNS
 * rebinding) and then read what it likes as its own; it cannot do so with an IP address or `localhost`.
 */
export function refuseForeignHosts(scope: FastifyInstance, names: readonly string[]): void {
  const ours = new Set(names.map((name) => name.toLowerCase()));
  scope.addHook('onRequest', async (request) => {
    const name = hostName(request.headers.host);
    if (name === undefined || isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || ours.has(name))
      return;
    throw refused(`"${name}" is no name of this machine that the debug log is shown under; see --http-name`);
  });
}

/** Throws unless a request that changes something comes from our own page, or from no web page at all. */
export function expectOwnOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  // Browsers send both with every POST; what is no browser sends neither, and needs no page to be lured by.
  if (origin === undefined && (site === undefined || site === 'same-origin')) return;
  if (origin !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return;
  throw refused('Test calls are placed from the page itself; the request comes from another web site');
}

/** Without port, in lower case; an IPv6 address without brackets. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined || host === '') return undefined;
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1];
  return (bracketed ?? host.replace(/:\d+$/, '')).toLowerCase();
}

function refused(message: string): PivotError {
  return new PivotError(fault(debugCodes.foreignRequest, message));
}
