/** A Content-Type header, taken apart (RFC 9110 8.3). */
export interface MediaType {
  /** `text/xml`, lower case, without parameters. */
  readonly essence: string;
  /** Lower case, without quotes. */
  readonly charset?: string;
}

export function parseMediaType(header: string | undefined): MediaType | undefined {
  if (header === undefined) return undefined;
  const [essence = '', ...parameters] = header.split(';');
  const type = essence.trim().toLowerCase();
  if (type === '') return undefined;
  for (const parameter of parameters) {
    const match = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter);
    if (match?.[1] !== undefined && match[1] !== '') return { essence: type, charset: match[1].toLowerCase() };
  }
  return { essence: type };
}

/** The format that a declared type means; undefined where it says nothing about it (spec pivot-behaviour 4.2 TARGET). */
export function declaredFormat(type: MediaType | undefined): 'xml' | 'json' | undefined {
  if (type === undefined) return undefined;
  const { essence } = type;
  if (essence === 'text/xml' || essence === 'application/xml' || /^application\/[^/]+\+xml$/.test(essence))
    return 'xml';
  if (essence === 'application/json' || essence === 'text/json' || /^application\/[^/]+\+json$/.test(essence))
    return 'json';
  return undefined;
}

export type Charset = 'utf-8' | 'us-ascii' | 'iso-8859-1';

const CHARSETS: Readonly<Record<string, Charset>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'us-ascii',
  ascii: 'us-ascii',
  'iso-8859-1': 'iso-8859-1',
  'iso8859-1': 'iso-8859-1',
  latin1: 'iso-8859-1',
  'latin-1': 'iso-8859-1',
};

export function knownCharset(label: string): Charset | undefined {
  return Object.hasOwn(CHARSETS, label) ? CHARSETS[label] : undefined;
}

/**
 * The encoding that an XML declaration names, read as far as it is ASCII (XML 1.0, appendix F); undefined when it names none. Counts
 * only where Content-Type has no charset (RFC 7303 3.2).
 */
export function xmlEncoding(body: Buffer): string | undefined {
  const head = body.subarray(0, 200).toString('latin1');
  return /^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/.exec(head)?.[1]?.toLowerCase();
}
