import type { CallflowNode } from '../../crds/callflow/node.ts';
import { type JsonErrorContext, parseCallflowJson } from '../../crds/callflow/parse.ts';
import { type CodeEntry, type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { parseTwiml, type TwimlDocument } from '../twiml/parse.ts';
import { declaredFormat, knownCharset, type MediaType, parseMediaType, xmlEncoding } from './media-type.ts';

/** What a web server answered, checked as a whole and ready to run. */
export type ResponseBody =
  | { readonly format: 'twiml'; readonly document: TwimlDocument; readonly warnings: readonly Fault[] }
  | { readonly format: 'callflow'; readonly flow: CallflowNode; readonly warnings: readonly Fault[] };

/** `details`: every fault of an invalid document, with its place; `fault` names the first. */
export type Dispatched =
  | { readonly ok: true; readonly body: ResponseBody }
  | {
      readonly ok: false;
      readonly fault: Fault;
      readonly details: readonly Fault[];
      readonly format?: 'twiml' | 'callflow';
      readonly jsonError?: JsonErrorContext;
    };

export interface WebhookResponse {
  readonly status: number;
  /** The first `Content-Type`; undefined when there is none. */
  readonly contentType: string | undefined;
  /** Decompressed. */
  readonly body: Buffer;
}

/** Statuses with which a body is executed (spec pivot-behaviour 4.1 TARGET). */
const SUCCESS: ReadonlySet<number> = new Set([200, 201, 202, 203]);

function refuse(entry: CodeEntry, message: string): Dispatched {
  return { ok: false, fault: fault(entry, message), details: [] };
}

/** Reads a response: status, charset, format, document. `strict`: TwiML that would be mended with a warning is refused. */
export function dispatchResponse(response: WebhookResponse, options: { readonly strict: boolean }): Dispatched {
  const bad = statusFault(response.status);
  if (bad !== undefined) return { ok: false, fault: bad, details: [] };
  const type = parseMediaType(response.contentType);
  const text = decodeText(response.body, type);
  if (!text.ok) {
    // A picture is of the wrong type, not a text in the wrong charset.
    if (type !== undefined && declaredFormat(type) === undefined && !type.essence.startsWith('text/')) {
      return refuse(
        webhookCodes.unknownType,
        `the response has the Content-Type "${type.essence.slice(0, 64)}": neither TwiML nor JSON`,
      );
    }
    return { ok: false, fault: text.fault, details: [] };
  }
  const first = /\S/.exec(text.text)?.[0];
  if (first === undefined)
    return refuse(webhookCodes.emptyBody, `the response is ${response.status} with an empty body`);

  const declared = declaredFormat(type);
  if (declared === 'json' && first === '<') {
    return refuse(
      webhookCodes.jsonLooksLikeXml,
      `declared json (${type?.essence}), looks like xml; send TwiML as text/xml`,
    );
  }
  if (declared === 'xml' && first === '{') {
    return refuse(
      webhookCodes.xmlLooksLikeJson,
      `declared xml (${type?.essence}), looks like json; send Callflow JSON as application/json`,
    );
  }
  const format = declared ?? (first === '<' ? 'xml' : first === '{' ? 'json' : undefined);
  switch (format) {
    case 'xml':
      return readTwiml(text.text, options.strict);
    case 'json':
      return readCallflow(text.text);
    case undefined: {
      const shown = type === undefined ? 'no Content-Type' : `the Content-Type "${type.essence.slice(0, 64)}"`;
      return refuse(
        webhookCodes.unknownType,
        `the response has ${shown} and begins with ${JSON.stringify(first)}: neither TwiML nor JSON`,
      );
    }
  }
}

/** Why a status is no success; undefined when it is one. Redirects that were followed never come here. */
function statusFault(status: number): Fault | undefined {
  if (SUCCESS.has(status)) return undefined;
  const message = `the web server answered ${status}`;
  if (status === 204 || status === 205) return fault(webhookCodes.noContent, `${message}, which carries no document`);
  if (status >= 300 && status <= 399) return fault(webhookCodes.statusRedirect, message);
  if (status >= 400 && status <= 499) return fault(webhookCodes.statusClient, message);
  if (status >= 500 && status <= 599) return fault(webhookCodes.statusServer, message);
  return fault(webhookCodes.statusOther, message);
}

function readTwiml(text: string, strict: boolean): Dispatched {
  const parsed = parseTwiml(text, { strict });
  if (parsed.ok) {
    return { ok: true, body: { format: 'twiml', document: parsed.document, warnings: parsed.warnings } };
  }
  return { ok: false, format: 'twiml', ...summary(webhookCodes.badTwiml, 'the TwiML', parsed.faults, text) };
}

function readCallflow(text: string): Dispatched {
  // The address policy judges URLs when they are asked, on the addresses they resolve to; that is stricter than their spelling.
  const parsed = parseCallflowJson(text, { mode: 'runtime', allowLoopbackUrls: true });
  if (parsed.ok) {
    return { ok: true, body: { format: 'callflow', flow: parsed.node, warnings: parsed.warnings } };
  }
  return {
    ok: false,
    format: 'callflow',
    ...summary(webhookCodes.badCallflow, 'the Callflow JSON', parsed.faults, text),
    ...(parsed.jsonError === undefined ? {} : { jsonError: parsed.jsonError }),
  };
}

/** One fault for all, so that an exchange has one code; and JSON's syntax errors keep what stands around them (spec 7.1). */
function summary(
  entry: CodeEntry,
  what: string,
  faults: readonly Fault[],
  text: string,
): { fault: Fault; details: readonly Fault[] } {
  const [first] = faults;
  if (first === undefined) return { fault: fault(entry, `${what} is not valid`), details: [] };
  const at =
    first.place?.line === undefined ? (first.place?.pointer ?? '') : `${first.place.line}:${first.place.column ?? 1}`;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  // A web server that fails half-way through often prints its own error page; its first words help.
  const begins =
    faults.length === 1 && first.place?.line === 1 ? `; it begins with ${JSON.stringify(text.slice(0, 40))}` : '';
  const message = `${what} is not valid${at === '' ? '' : ` at ${at}`}: ${first.code} ${first.message}${more}${begins}`;
  return {
    fault: first.place === undefined ? fault(entry, message) : fault(entry, message, first.place),
    details: faults,
  };
}

type Text = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly fault: Fault };

/** A byte-order mark wins over the header, as in the WHATWG Encoding standard; then `charset`, then an XML declaration, then UTF-8. */
function decodeText(body: Buffer, type: MediaType | undefined): Text {
  const wide = (body[0] === 0xff && body[1] === 0xfe) || (body[0] === 0xfe && body[1] === 0xff);
  if (wide)
    return { ok: false, fault: fault(webhookCodes.charset, 'the response is UTF-16 (byte-order mark); send UTF-8') };
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const label = marked
    ? 'utf-8'
    : (type?.charset ?? (declaredFormat(type) === 'json' ? undefined : xmlEncoding(body)) ?? 'utf-8');
  const charset = knownCharset(label);
  switch (charset) {
    case undefined:
      return {
        ok: false,
        fault: fault(webhookCodes.charset, `the charset "${label.slice(0, 40)}" is not supported; send UTF-8`),
      };
    case 'iso-8859-1':
      return { ok: true, text: body.toString('latin1') };
    case 'us-ascii':
    case 'utf-8':
      return decodeUtf8(body, charset);
  }
}

function decodeUtf8(body: Buffer, charset: 'utf-8' | 'us-ascii'): Text {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (charset === 'utf-8' || Buffer.byteLength(text) === text.length) return { ok: true, text };
  } catch {
    // Told below.
  }
  const at = body.findIndex((byte) => byte > 0x7f);
  return {
    ok: false,
    fault: fault(webhookCodes.badText, `the response is not ${charset.toUpperCase()}; look near byte ${at + 1}`),
  };
}
