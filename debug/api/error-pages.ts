import type { FastifyInstance } from 'fastify';
import { catalogue } from '../../crds/errors/catalogue.ts';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';

/** What `docs/errors.md` says of a code, for whoever has one before them. Nobody's data, so anybody may ask. */
export function registerErrorPages(server: FastifyInstance): void {
  const entries = new Map(catalogue.flatMap((area) => area.entries.map((entry) => [entry.code as string, entry])));
  server.get<{ Params: { code: string } }>('/debug/v1/errors/:code', async ({ params }) => {
    const entry = entries.get(params.code);
    if (entry === undefined) throw new PivotError(fault(debugCodes.badQuery, `There is no code "${params.code}"`));
    const { code, severity, title, cause, cure } = entry;
    return { code, severity, title, cause, cure };
  });
}
