import type { Readable } from 'node:stream';
import { errorOfStatus, KubeError } from './kube-error.ts';
import { type AnyObject, isRecord, parseObject, type ResourceType } from './objects.ts';

/** What a watch tells. An ERROR event is thrown as a {@link KubeError}. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: AnyObject }
  /** Nothing more has happened up to this version (KEP-956). */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** Bytes of one event: etcd takes objects of 1.5 MiB, and managed fields and escapes come on top. */
const LINE_LIMIT = 16 * 1024 * 1024;
const NEWLINE = 10;

/** The events of a watch's body: one JSON document per line. Ends when the server ends it; throws what stands in {@link parseEvent}. */
export async function* readEvents(body: Readable, type: ResourceType, what: string): AsyncGenerator<WatchEvent> {
  for await (const line of readLines(body, what)) {
    const event = parseEvent(line, type, what);
    if (event !== undefined) yield event;
  }
}

/** Splits a byte stream at line feeds, in time linear to its length. What is left without a line feed at the end is a broken connection. */
async function* readLines(body: Readable, what: string): AsyncGenerator<string> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, at);
      const line = held.length === 0 ? piece : Buffer.concat([...held, piece]);
      held = [];
      size = 0;
      from = at + 1;
      if (line.length > 0) yield line.toString('utf8');
    }
    if (from < chunk.length) {
      held.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > LINE_LIMIT) throw new KubeError('malformed', `${what}: an event is longer than ${LINE_LIMIT} bytes`);
    }
  }
  if (size > 0) throw new KubeError('unreachable', `${what}: the watch ended in the middle of an event`);
}

/** Throws `malformed` for what is no event, and the error that an ERROR event carries. An unknown type is undefined: it may be of a later API. */
function parseEvent(line: string, type: ResourceType, what: string): WatchEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new KubeError('malformed', `${what}: a line of ${line.length} characters is not JSON`);
  }
  if (!isRecord(value) || typeof value['type'] !== 'string') {
    throw new KubeError('malformed', `${what}: a line is not a watch event`);
  }
  switch (value['type']) {
    case 'ERROR':
      throw errorOfStatus(what, isRecord(value['object']) ? value['object'] : {});
    case 'BOOKMARK': {
      const object = value['object'];
      const version =
        isRecord(object) && isRecord(object['metadata']) ? object['metadata']['resourceVersion'] : undefined;
      if (typeof version !== 'string' || version === '') {
        throw new KubeError('malformed', `${what}: a bookmark has no resourceVersion`);
      }
      return { type: 'BOOKMARK', resourceVersion: version };
    }
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED': {
      const object = parseObject(value['object'], type);
      if (object?.metadata.resourceVersion === undefined) {
        throw new KubeError('malformed', `${what}: the object of an event has no name or no resourceVersion`);
      }
      return { type: value['type'], object };
    }
    default:
      return undefined;
  }
}
