/** What a response says about keeping it. Times are milliseconds since 1970. */
export interface Freshness {
  /** False: nobody else may be given this copy (`no-store`). */
  readonly keep: boolean;
  /** Until then it is used without asking. In the past when it must be asked for each time. */
  readonly freshUntil: number;
  /** It must not stand in when the server fails (`must-revalidate`, RFC 9111 5.2.2.2). */
  readonly strict: boolean;
  readonly etag?: string;
  readonly lastModified?: string;
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A server that means "forever" may mean it less than it thinks. */
const MAX_FRESH_MS = 365 * 24 * 3600 * 1000;
const ETAG = /^(W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

/** Directives of Cache-Control, lower case, quotes off. */
function directives(value: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name, quoted, token] of value.matchAll(/([a-z-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;]*)))?/gi)) {
    found.set(name!.toLowerCase(), quoted ?? token ?? '');
  }
  return found;
}

/**
 * Reads the caching headers of a response as a private cache does (RFC 9111). Without an explicit lifetime it is asked for each time:
 * guessing one from Last-Modified would let an application change a prompt and still hear the old one.
 */
export function freshnessOf(headers: Headers, now: number): Freshness {
  const control = directives(header(headers, 'cache-control') ?? '');
  const seconds = (text: string | undefined): number | undefined =>
    text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  const date = Date.parse(header(headers, 'date') ?? '');
  const expires = header(headers, 'expires');
  let lifetime = seconds(control.get('max-age'));
  if (lifetime === undefined && expires !== undefined && !control.has('max-age')) {
    const until = Date.parse(expires);
    lifetime = Number.isNaN(until) ? 0 : (until - (Number.isNaN(date) ? now : date)) / 1000;
  }
  const age = seconds(header(headers, 'age')) ?? 0;
  const fresh = control.has('no-cache') ? 0 : Math.max(0, ((lifetime ?? 0) - age) * 1000);
  const etag = header(headers, 'etag');
  const lastModified = header(headers, 'last-modified');
  return {
    keep: !control.has('no-store'),
    freshUntil: now + Math.min(fresh, MAX_FRESH_MS),
    strict: control.has('must-revalidate') || control.has('no-store'),
    ...(etag !== undefined && ETAG.test(etag) ? { etag } : {}),
    ...(lastModified !== undefined && !Number.isNaN(Date.parse(lastModified)) ? { lastModified } : {}),
  };
}

/** Headers that ask for the sound only if it has changed (RFC 9110 13.1). */
export function conditions({ etag, lastModified }: Pick<Freshness, 'etag' | 'lastModified'>): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  };
}
