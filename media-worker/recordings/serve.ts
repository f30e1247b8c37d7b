import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RecordingFormat } from './entry.ts';
import type { Recordings } from './recordings.ts';
import type { ByteRange } from './store.ts';

interface Parameters {
  readonly account: string;
  readonly file: string;
}

/**
 * `GET /recordings/ACCOUNT/SID`: wav; `…/SID.mp3`: mp3. The id has 128 random bits: whoever knows the URL may hear it, as with Twilio.
 * Parts by `Range` (RFC 9110 section 14), so that players can seek.
 */
export function registerRecordings(server: FastifyInstance, recordings: () => Recordings | undefined): void {
  server.get<{ Params: Parameters }>('/recordings/:account/:file', async (request, reply) => {
    const { account, file } = request.params;
    const match = /^(RE[0-9a-f]{32})(?:\.(wav|mp3))?$/.exec(file);
    if (match === null) return missing(reply);
    const format: RecordingFormat = match[2] === 'mp3' ? 'mp3' : 'wav';
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort(new Error('the receiver has gone')));
    const found = await recordings()?.fetch(account, match[1]!, format, gone.signal);
    if (found === undefined || found.kind === 'missing') return missing(reply);
    if (found.kind === 'refused') {
      return reply.code(406).send({ status: 'error', code: found.fault.code, message: found.fault.message });
    }
    reply
      .header('content-type', found.contentType)
      .header('accept-ranges', 'bytes')
      .header('cache-control', 'private, max-age=3600')
      .header('x-content-type-options', 'nosniff')
      .header('content-disposition', `inline; filename="${match[1]}.${format}"`);
    const range = readRange(request, found.size);
    if (range === 'unsatisfiable') {
      return reply.code(416).header('content-range', `bytes */${found.size}`).send();
    }
    const length = range === undefined ? found.size : range.to - range.from + 1;
    reply.code(range === undefined ? 200 : 206).header('content-length', String(length));
    if (range !== undefined) reply.header('content-range', `bytes ${range.from}-${range.to}/${found.size}`);
    // For HEAD as well: the framework leaves the body out.
    const sound = await found.open(range);
    return sound === undefined ? missing(reply) : reply.send(sound.stream);
  });
}

function missing(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ status: 'error', message: 'There is no such recording' });
}

/** One range of bytes. Several at once, and other units, count as none: RFC 9110 section 14.2 allows that. */
function readRange(request: FastifyRequest, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, first = '', last = ''] = match;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (from >= size) return 'unsatisfiable';
  return to < from ? undefined : { from, to };
}
