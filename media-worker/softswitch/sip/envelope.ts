import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { parseAddress, parseCSeq, parseUri, parseVia, type Via } from './address.ts';
import { SINGLE_HEADERS } from './header-names.ts';
import { first, type Message } from './message.ts';

/** What every layer above the parser needs of a message, read once. */
export interface Envelope {
  readonly via: Via;
  readonly callId: string;
  readonly seq: number;
  readonly seqMethod: string;
  readonly fromTag: string;
  /** Empty outside a dialog. */
  readonly toTag: string;
}

export type Enveloped =
  | { readonly ok: true; readonly envelope: Envelope }
  /** `status` is what a request with this fault is answered. */
  | { readonly ok: false; readonly fault: Fault; readonly status: number; readonly reason: string };

/** Checks the headers that RFC 3261 section 8.1.1 requires of every message. */
export function readEnvelope(message: Message): Enveloped {
  const bad = (reason: string, status = 400): Enveloped => ({
    ok: false,
    fault: fault(
      softswitchCodes.badMessage,
      `${message.kind === 'request' ? message.method : message.status}: ${reason}`,
    ),
    status,
    reason,
  });
  for (const key of SINGLE_HEADERS) {
    const values = message.headers.get(key);
    if (values !== undefined && values.length > 1 && key !== 'content-length') return bad(`${key} more than once`);
  }
  const via = parseVia(first(message, 'via') ?? '');
  if (via === undefined) return bad('Bad or missing Via');
  const callId = first(message, 'call-id') ?? '';
  if (callId === '' || callId.includes(' ') || callId.length > 1024) return bad('Bad or missing Call-ID');
  const cseq = parseCSeq(first(message, 'cseq') ?? '');
  if (cseq === undefined) return bad('Bad or missing CSeq');
  const from = parseAddress(first(message, 'from') ?? '');
  if (from === undefined) return bad('Bad or missing From');
  const to = parseAddress(first(message, 'to') ?? '');
  if (to === undefined) return bad('Bad or missing To');
  if (message.kind === 'request') {
    if (cseq.method !== message.method) return bad('CSeq method differs from the request');
    const uri = parseUri(message.uri);
    if (message.uri.includes('<') || message.uri.includes(' ')) return bad('Bad Request-URI');
    if (uri === undefined) return bad('Bad Request-URI');
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips' && uri.scheme !== 'tel')
      return bad('Unsupported URI Scheme', 416);
    const hops = first(message, 'max-forwards');
    if (hops !== undefined && !(Number.isInteger(Number(hops)) && Number(hops) >= 0 && hops !== ''))
      return bad('Bad Max-Forwards');
    if (message.method === 'INVITE' && first(message, 'contact') === undefined) return bad('Missing Contact');
  }
  return {
    ok: true,
    envelope: {
      via,
      callId,
      seq: cseq.seq,
      seqMethod: cseq.method,
      fromTag: from.params.get('tag') ?? '',
      toTag: to.params.get('tag') ?? '',
    },
  };
}
