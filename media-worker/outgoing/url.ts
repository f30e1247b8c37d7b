import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';

/** What a request goes to: parsed once, credentials apart from the rest. */
export interface Target {
  /** `https://host:port`, as URL's `origin`. */
  readonly origin: string;
  readonly protocol: 'http:' | 'https:';
  /** Host name or address, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Path and query, escaped as sent. */
  readonly path: string;
  /** What is sent and shown: no credentials, no fragment. */
  readonly href: string;
  /** Value of `Authorization` from the URL's user and password. */
  readonly authorization?: string;
}

export type TargetResult =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly fault: Fault };

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Longest URL that is requested, in characters; common servers refuse more than 8 KiB of request line, proxies more than 64. */
const MAX_URL_LENGTH = 65_536;

/** Parses an http(s) URL, absolute or relative to `base`, as RFC 3986 and the WHATWG URL standard say. */
export function parseTarget(text: string, base?: string): TargetResult {
  const url = text.length <= MAX_URL_LENGTH ? URL.parse(text, base) : null;
  if (url === null) {
    return {
      ok: false,
      fault: fault(webhookCodes.badUrl, `"${redactUrl(text).slice(0, 200)}" is not a URL that can be requested`),
    };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return {
      ok: false,
      fault: fault(
        webhookCodes.badUrl,
        `"${redactUrl(text).slice(0, 200)}" has the scheme ${url.protocol.slice(0, -1)}; use http or https`,
      ),
    };
  }
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const path = url.pathname + url.search;
  const target = {
    origin: url.origin,
    protocol: url.protocol as Target['protocol'],
    hostname,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    path,
    href: url.origin + path,
  };
  if (url.username === '' && url.password === '') return { ok: true, target };
  // RFC 7617: user-pass as UTF-8; the URL's percent-encoding is undone first.
  const pair = `${decode(url.username)}:${decode(url.password)}`;
  return { ok: true, target: { ...target, authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` } };
}

/** A URL, or any text that holds URLs, without user names and passwords: fit to be shown. Linear in the text. */
export function redactUrl(text: string): string {
  return text.replace(/(:[/\\]{2})[^/\\?#\s"'<>]*@/g, '$1');
}

/** A URL for a message: queries hold what callers pressed. */
export function withoutQuery(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
}
