import { parseAddress, parseUri, splitOutside, withTag } from './address.ts';
import { type HeaderLine, line, type Message, makeRequest, type RequestMessage } from './message.ts';

/** State of a dialog (RFC 3261 section 12), seen from one side. Changed only by the functions of this file. */
export interface DialogState {
  readonly callId: string;
  readonly localTag: string;
  /** Empty until the far end's tag is known. */
  remoteTag: string;
  /** From value of our requests and To value of theirs, with their tags. */
  readonly local: string;
  remote: string;
  localSeq: number;
  /** -1 before the far end sent a request. */
  remoteSeq: number;
  remoteTarget: string;
  /** Route values of our requests, in order. */
  routes: readonly string[];
}

/** One URI or name-addr per element, of headers like Record-Route that may hold several on a line. */
function elements(message: Message, key: string): string[] {
  return (message.headers.get(key) ?? []).flatMap((value) => splitOutside(value, ',')).filter((value) => value !== '');
}

/** The URI of the first Contact; undefined without a usable one. */
export function contactUri(message: Message): string | undefined {
  const value = elements(message, 'contact')[0];
  const address = value === undefined ? undefined : parseAddress(value);
  return address === undefined || parseUri(address.uri) === undefined ? undefined : address.uri;
}

function seqOf(message: Message): number {
  return Number.parseInt(message.headers.get('cseq')?.[0] ?? '0', 10);
}

function tagOf(value: string): string {
  return parseAddress(value)?.params.get('tag') ?? '';
}

/** Section 12.1.1: the dialog that answering `request` makes. */
export function dialogOfRequest(request: RequestMessage, localTag: string): DialogState {
  const from = request.headers.get('from')?.[0] ?? '';
  const to = request.headers.get('to')?.[0] ?? '';
  return {
    callId: request.headers.get('call-id')?.[0] ?? '',
    localTag,
    remoteTag: tagOf(from),
    local: withTag(to, localTag),
    remote: from,
    // drachtio-server counts on from the caller's number.
    localSeq: seqOf(request),
    remoteSeq: seqOf(request),
    remoteTarget: contactUri(request) ?? parseAddress(from)?.uri ?? '',
    routes: elements(request, 'record-route'),
  };
}

/** Section 12.1.2: the dialog that a response to `request` makes. */
export function dialogOfResponse(request: RequestMessage, response: Message): DialogState {
  const from = request.headers.get('from')?.[0] ?? '';
  const dialog: DialogState = {
    callId: request.headers.get('call-id')?.[0] ?? '',
    localTag: tagOf(from),
    remoteTag: '',
    local: from,
    remote: '',
    localSeq: seqOf(request),
    remoteSeq: -1,
    remoteTarget: request.uri,
    routes: [],
  };
  applyResponse(dialog, response);
  return dialog;
}

/** A later response to the INVITE that made the dialog: the 2xx decides on tag, route set and target (section 13.2.2.4). */
export function applyResponse(dialog: DialogState, response: Message): void {
  const to = response.headers.get('to')?.[0] ?? '';
  dialog.remote = to;
  dialog.remoteTag = tagOf(to);
  dialog.remoteTarget = contactUri(response) ?? dialog.remoteTarget;
  dialog.routes = elements(response, 'record-route').reverse();
}

/** A target refresh (section 12.2.1.2 and 12.2.2). */
export function refreshTarget(dialog: DialogState, message: Message): void {
  dialog.remoteTarget = contactUri(message) ?? dialog.remoteTarget;
}

/** Takes the number of a request from the far end; false when it is out of order (section 12.2.2: answer 500). */
export function acceptSeq(dialog: DialogState, seq: number): boolean {
  if (seq < dialog.remoteSeq) return false;
  dialog.remoteSeq = seq;
  return true;
}

export interface InDialogOptions {
  /** Default: the next one. */
  readonly seq?: number;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
}

/** A request within the dialog, without Via (section 12.2.1.1), and the URI of where it is to be sent. */
export function requestInDialog(
  dialog: DialogState,
  method: string,
  options: InDialogOptions = {},
): { readonly request: RequestMessage; readonly nextHop: string } {
  const seq = options.seq ?? ++dialog.localSeq;
  const { uri, routes, nextHop } = routing(dialog);
  const lines: HeaderLine[] = [
    ...routes.map((value) => line('Route', value)),
    line('Max-Forwards', '70'),
    line('From', dialog.local),
    line('To', dialog.remote),
    line('Call-ID', dialog.callId),
    line('CSeq', `${seq} ${method}`),
    ...(options.headers ?? []),
  ];
  if (!lines.some(({ name }) => name.toLowerCase() === 'content-length')) lines.push(line('Content-Length', '0'));
  return { request: makeRequest(method, uri, lines, options.body ?? ''), nextHop };
}

function routing(dialog: DialogState): { uri: string; routes: readonly string[]; nextHop: string } {
  const first = dialog.routes[0];
  if (first === undefined) return { uri: dialog.remoteTarget, routes: [], nextHop: dialog.remoteTarget };
  const firstUri = parseAddress(first)?.uri ?? dialog.remoteTarget;
  if (parseUri(firstUri)?.params.has('lr') === true)
    return { uri: dialog.remoteTarget, routes: dialog.routes, nextHop: firstUri };
  // A strict router (RFC 2543): it becomes the Request-URI, the target goes to the end.
  return { uri: firstUri, routes: [...dialog.routes.slice(1), `<${dialog.remoteTarget}>`], nextHop: firstUri };
}
