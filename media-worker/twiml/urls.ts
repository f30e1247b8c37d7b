import { withoutCredentials } from '../../crds/callflow/urls.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import { quoted } from './report.ts';

const MAX_URL_CHARACTERS = 8192;

/** `name://…` of another scheme, also with the `_` of FreeSWITCH's stream names, which a URL parser takes for a relative path. */
const OTHER_SCHEME = /^(?!https?:)[\w.+-]+:\/\//i;

function resolve(base: string, reference: string): string | undefined {
  if (OTHER_SCHEME.test(reference)) return undefined;
  if (reference.length > MAX_URL_CHARACTERS || !URL.canParse(reference, base)) return undefined;
  const url = new URL(reference, base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

/** Whether a reference gives an http or https URL against a document's URL; known before the document runs. */
export function resolvable(reference: string): boolean {
  return resolve('https://document.invalid/', reference) !== undefined;
}

/**
 * An absolute URL for a reference in a document, by RFC 3986 section 5 (Kazoo's own algorithm differs: pivot-behaviour 5.12). No
 * reference, or an empty one, is the document itself. Throws a `PivotError` when the result is no http or https URL.
 */
export function resolveUrl(documentUrl: string, reference: string | undefined): string {
  const resolved = resolve(documentUrl, reference ?? '');
  if (resolved === undefined) {
    throw new PivotError(
      fault(twimlCodes.badUrl, `${quoted(withoutCredentials(reference ?? ''))} gives no URL against the document's.`),
    );
  }
  return resolved;
}
