import type { Party } from '../call/facts.ts';
import type { SipRequest } from './srf.ts';
import { readNameAddress, readUri } from './uri.ts';

/** What an INVITE says, read once at the border. */
export interface Invite {
  readonly callId: string;
  readonly from: Party;
  readonly fromName: string;
  readonly to: Party;
  readonly request: Party;
  /** Empty when withheld (RFC 3323 `Privacy: id`, or the user `anonymous`). */
  readonly callerIdNumber: string;
  readonly callerIdName: string;
  /** The caller does not want to be shown. */
  readonly withheld: boolean;
  readonly forwardedFrom?: string;
  /** `X-` headers, at most 64 of at most 1 KiB; names as they were written. */
  readonly customHeaders: Readonly<Record<string, string>>;
  /** The header of this name, from whomever. */
  readonly traceparent?: string;
  /** Empty: the offer will come from us (RFC 3264, delayed offer). */
  readonly sdp: string;
  readonly transport: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
}

/** Characters of a Call-ID that are kept. */
export const LONGEST_CALL_ID = 256;
const MOST_HEADERS = 64;
const LONGEST_VALUE = 1024;

/** Reads an INVITE, or says in one line why it cannot be taken (answered 400). */
export function readInvite(request: SipRequest): { ok: true; invite: Invite } | { ok: false; reason: string } {
  const callId = request.get('Call-ID');
  if (callId === undefined || callId === '') return { ok: false, reason: 'Missing Call-ID' };
  if (!request.has('Contact')) return { ok: false, reason: 'Missing Contact' };
  const from = readNameAddress(request.get('From'));
  const to = readNameAddress(request.get('To'));
  const target = readUri(request.uri);
  if (target.host === undefined && target.user === undefined) return { ok: false, reason: 'Unreadable Request-URI' };

  const withheld = /\bid\b/i.test(request.get('Privacy') ?? '') || from.user?.toLowerCase() === 'anonymous';
  const traceparent = request.get('traceparent');
  const forwardedFrom = readNameAddress(request.get('Diversion')).user;
  return {
    ok: true,
    invite: {
      callId: callId.slice(0, LONGEST_CALL_ID),
      from: party(from),
      fromName: from.name,
      to: party(to),
      request: target,
      callerIdNumber: withheld ? '' : (from.user ?? ''),
      callerIdName: withheld ? '' : from.name,
      withheld,
      ...(forwardedFrom === undefined ? {} : { forwardedFrom }),
      ...(traceparent === undefined ? {} : { traceparent }),
      customHeaders: customHeaders(request),
      sdp: request.body ?? '',
      transport: request.protocol,
      sourceAddress: request.source_address,
      sourcePort: Number(request.source_port) || 0,
    },
  };
}

function party({ user, host }: Party): Party {
  return { ...(user === undefined ? {} : { user }), ...(host === undefined ? {} : { host }) };
}

function customHeaders(request: SipRequest): Record<string, string> {
  const found = Object.entries(request.headers).filter(([name]) => /^x-/i.test(name));
  return Object.fromEntries(
    found.slice(0, MOST_HEADERS).map(([name, value]) => [name, String(value).slice(0, LONGEST_VALUE)]),
  );
}
