import type { Party } from '../call/facts.ts';
import type { SipRequest } from '../sip/srf.ts';
import { readTargetUri } from '../sip/target-uri.ts';
import { readNameAddress } from '../sip/uri.ts';

/** One address that a REGISTER is about. */
export interface AskedContact {
  /** Fit to stand in a Request-URI. */
  readonly uri: string;
  /** Seconds; undefined: what the request as a whole says. */
  readonly expires: number | undefined;
  /** Names the telephone wherever it is (RFC 5626 section 4.1). */
  readonly instance: string | undefined;
}

/** What a REGISTER says, read once at the border. */
export interface Register {
  readonly callId: string;
  readonly cseq: number;
  /** Whose addresses they are: To. */
  readonly of: Party;
  /** `all`: `Contact: *`. Empty: it only asks. */
  readonly contacts: 'all' | readonly AskedContact[];
  /** Seconds. */
  readonly expires: number | undefined;
  readonly userAgent: string;
}

const MOST_CONTACTS = 10;
const LONGEST = 8192;
const LONGEST_URI = 512;
const SHOWN = 128;

/** Reads a REGISTER, or says in one line why it cannot be taken (answered 400). */
export function readRegister(request: SipRequest): { ok: true; register: Register } | { ok: false; reason: string } {
  const callId = request.get('Call-ID') ?? '';
  if (callId === '' || callId.length > 256) return refused('Missing Call-ID');
  const cseq = Number(/^\s*(\d{1,10})\s+REGISTER/i.exec(request.get('CSeq') ?? '')?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(cseq) || cseq > 0xffff_ffff) return refused('Unreadable CSeq');
  const { user, host } = readNameAddress(request.get('To'));
  if (user === undefined) return refused('Unreadable To');
  const expires = secondsOf(request.get('Expires'));
  const text = (request.get('Contact') ?? '').trim();
  if (text.length > LONGEST) return refused('Contact is too long');
  const common = {
    callId,
    cseq,
    of: { user, ...(host === undefined ? {} : { host }) },
    expires,
    userAgent: (request.get('User-Agent') ?? '').slice(0, SHOWN),
  };
  if (text === '*') {
    // RFC 3261 section 10.3, step 6.
    return expires === 0
      ? { ok: true, register: { ...common, contacts: 'all' } }
      : refused('Contact * needs Expires 0');
  }
  const parts = text === '' ? [] : splitList(text);
  if (parts.length > MOST_CONTACTS) return refused('Too many contacts');
  const contacts = parts.map(readContact);
  if (contacts.some((contact) => contact === undefined)) return refused('Unreadable Contact');
  return { ok: true, register: { ...common, contacts: contacts as AskedContact[] } };
}

function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}

/** Items between commas that are in neither quotes nor angle brackets. */
function splitList(text: string): readonly string[] {
  return (text.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+/gs) ?? []).map((part) => part.trim());
}

function readContact(text: string): AskedContact | undefined {
  const match = /^(?:"(?:[^"\\]|\\.)*"|[^<"]*)\s*<([^>]*)>(.*)$/s.exec(text);
  // Without brackets all parameters are the header's (RFC 3261 section 20.10).
  const [uri = '', parameters = ''] = match === null ? splitAt(text, ';') : [match[1], match[2]];
  const read = uri.length > LONGEST_URI ? undefined : readTargetUri(uri);
  if (read === undefined || !/^sips?:/i.test(uri.trim())) return undefined;
  const parameter = (name: string): string | undefined =>
    new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i')
      .exec(parameters)
      ?.slice(1)
      .find((value) => value !== undefined);
  return {
    uri: read.uri,
    expires: secondsOf(parameter('expires')),
    instance: parameter('\\+sip\\.instance')?.slice(0, SHOWN),
  };
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

/** What is no number counts as absent (RFC 3261 section 20.19: 3600). */
function secondsOf(text: string | undefined): number | undefined {
  return /^\s*\d{1,10}\s*$/.test(text ?? '') ? Math.min(Number(text), 0xffff_ffff) : undefined;
}
