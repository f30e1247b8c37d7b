import { parseVia } from './address.ts';
import { first, type HeaderLine, line, makeRequest, type RequestMessage } from './message.ts';

/** The CANCEL of RFC 3261 section 9.1 for an INVITE as it was sent, without its Via; `branch` is that of the INVITE. */
export function cancelFor(
  invite: RequestMessage,
  extra: readonly HeaderLine[] = [],
): { readonly request: RequestMessage; readonly branch: string } {
  const seq = (first(invite, 'cseq') ?? '0').split(' ')[0]!;
  const request = makeRequest('CANCEL', invite.uri, [
    ...(invite.headers.get('route') ?? []).map((value) => line('Route', value)),
    line('Max-Forwards', '70'),
    line('From', first(invite, 'from') ?? ''),
    line('To', first(invite, 'to') ?? ''),
    line('Call-ID', first(invite, 'call-id') ?? ''),
    line('CSeq', `${seq} CANCEL`),
    ...extra.filter(({ name }) => name.toLowerCase() !== 'content-length'),
    line('Content-Length', '0'),
  ]);
  return { request, branch: parseVia(first(invite, 'via') ?? '')?.params.get('branch') ?? '' };
}
