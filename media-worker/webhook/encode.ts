import type { Json } from '../../crds/callflow/node.ts';
import type { Parameters } from './parameters.ts';
import type { BodyFormat, WebhookMethod } from './settings.ts';

/** One name and value of a form, not escaped. */
export type Pair = readonly [name: string, value: string];

/**
 * The parameters as a flat form (spec pivot-behaviour 3.7 TARGET): `name[key]` for objects, `name[]` for lists, nothing for empty ones;
 * what has no such form (null, lists in lists, objects in lists) as JSON. These are also what `X-Twilio-Signature` covers.
 */
export function formPairs(parameters: Parameters): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [name, value] of parameters) flatten(name, value, pairs);
  return pairs;
}

function flatten(name: string, value: Json, pairs: Pair[]): void {
  if (typeof value === 'string') pairs.push([name, value.toWellFormed()]);
  else if (value === null || typeof value !== 'object') pairs.push([name, String(value)]);
  else if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) {
      const scalar = typeof item === 'string' ? item.toWellFormed() : JSON.stringify(item);
      pairs.push([`${name}[]`, scalar]);
    }
  } else {
    for (const [key, inner] of Object.entries(value)) flatten(`${name}[${key}]`, inner, pairs);
  }
}

const escapeRest = (text: string): string => `%${text.charCodeAt(0).toString(16).toUpperCase()}`;

/** `application/x-www-form-urlencoded`, with only letters, digits and `.-~_` unescaped, as Kazoo does it. */
function escapeValue(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, escapeRest)
    .replaceAll('%20', '+');
}

/** As values, but brackets stay: `Digits[my_dtmf]`. */
function escapeName(text: string): string {
  if (/^[\w.~[\]-]*$/.test(text)) return text;
  return escapeValue(text.toWellFormed()).replaceAll('%5B', '[').replaceAll('%5D', ']');
}

export function encodeForm(pairs: readonly Pair[]): string {
  let text = '';
  for (const [name, value] of pairs) text += `${text === '' ? '' : '&'}${escapeName(name)}=${escapeValue(value)}`;
  return text;
}

/** One flat object with the same names, nested where the values are (spec pivot-behaviour 3.8). */
export function encodeJson(parameters: Parameters): string {
  return JSON.stringify(Object.fromEntries(parameters));
}

/**
 * Puts a query behind the one a URL has already; the fragment goes, since it is never sent. A URL that brings `Digits` itself
 * (`<Redirect>/n?Digits=TIMEOUT</Redirect>`) keeps its own and gets no second: which of two wins differs between web frameworks.
 */
export function mergeQuery(url: string, pairs: readonly Pair[]): string {
  const hash = url.indexOf('#');
  const bare = hash === -1 ? url : url.slice(0, hash);
  const mark = bare.indexOf('?');
  const own = mark === -1 ? '' : bare.slice(mark + 1);
  const hasDigits = /(^|&)Digits(=|&|\[|%5B|$)/i.test(own);
  const added = encodeForm(
    hasDigits ? pairs.filter(([name]) => name !== 'Digits' && !name.startsWith('Digits[')) : pairs,
  );
  if (added === '') return bare;
  if (mark === -1) return `${bare}?${added}`;
  return own === '' || bare.endsWith('&') ? `${bare}${added}` : `${bare}&${added}`;
}

/** A request's URL, body and type, before anything is signed. */
export interface Encoded {
  readonly url: string;
  readonly body: string | undefined;
  readonly contentType: string | undefined;
  /** What a form body holds; empty for GET and JSON. */
  readonly form: readonly Pair[];
}

/** GET: all in the query, whatever the body format says. POST: the URL as given, all in the body (spec pivot-behaviour 3.1). */
export function encodeRequest(
  method: WebhookMethod,
  url: string,
  parameters: Parameters,
  bodyFormat: BodyFormat,
): Encoded {
  const pairs = method === 'GET' || bodyFormat === 'form' ? formPairs(parameters) : [];
  if (method === 'GET') return { url: mergeQuery(url, pairs), body: undefined, contentType: undefined, form: [] };
  const hash = url.indexOf('#');
  const bare = hash === -1 ? url : url.slice(0, hash);
  if (bodyFormat === 'json')
    return { url: bare, body: encodeJson(parameters), contentType: 'application/json', form: [] };
  return { url: bare, body: encodeForm(pairs), contentType: 'application/x-www-form-urlencoded', form: pairs };
}
