import { KubeError } from './kube-error.ts';
import { type AnyObject, apiVersionOf, isRecord, parseObject, pathOf, type ResourceType } from './objects.ts';
import type { KubeTransport } from './transport.ts';
import { readEvents, type WatchEvent } from './watch-stream.ts';

/** Selects objects at the server. `namespace` undefined: all namespaces. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListPage {
  readonly items: readonly AnyObject[];
  /** Of the whole list: a watch goes on from here. */
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly next: string | undefined;
}

export interface ListOptions extends Selection {
  /** Objects of a page; no limit unless given. */
  readonly limit?: number;
  /** Token of the page before. */
  readonly next?: string | undefined;
  /** `0`: what the server's cache has; `''` or undefined: the latest; else not older than this. Not together with `next`. */
  readonly resourceVersion?: string | undefined;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** When the server ends the watch by itself. Seconds. */
  readonly timeoutSeconds: number;
}

export interface At {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly subresource?: 'status';
}

/** Typed requests. Every method fails with a `KubeError`, or with the reason of `signal`. */
export interface KubeApi {
  get(type: ResourceType, at: At, signal: AbortSignal): Promise<AnyObject>;
  list(type: ResourceType, options: ListOptions, signal: AbortSignal): Promise<ListPage>;
  /** Events from `resourceVersion` on, bookmarks included, until the server ends the watch. Leaving the loop closes the connection. */
  watch(type: ResourceType, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent>;
  create(type: ResourceType, object: AnyObject, signal: AbortSignal): Promise<AnyObject>;
  /** Replaces the object; with `metadata.resourceVersion` only if that is still the current one, else `conflict`. */
  update(type: ResourceType, object: AnyObject, signal: AbortSignal): Promise<AnyObject>;
  delete(type: ResourceType, at: At, signal: AbortSignal): Promise<void>;
  /** Server-side apply, forced: our fields are ours (KEP-555). With `metadata.uid`, `conflict` if the object is another of that name. */
  apply(type: ResourceType, object: AnyObject, options: ApplyOptions, signal: AbortSignal): Promise<AnyObject>;
  /** POST of an object that exists only as question and answer (TokenReview, SubjectAccessReview). */
  ask(type: ResourceType, spec: object, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
}

export function createKubeApi(transport: Pick<KubeTransport, 'json' | 'stream'>): KubeApi {
  return {
    async get(type, at, signal) {
      const path = pathOf(type, at);
      return expectObject(await transport.json({ method: 'GET', path, signal }), type, `GET ${path}`);
    },

    async list(type, options, signal) {
      const path = pathOf(type, { namespace: options.namespace });
      const query = {
        ...selectors(options),
        limit: options.limit === undefined ? undefined : String(options.limit),
        continue: options.next,
        resourceVersion: options.resourceVersion === '' ? undefined : options.resourceVersion,
      };
      return parseList(await transport.json({ method: 'GET', path, query, signal }), type, `GET ${path}`);
    },

    async *watch(type, options, signal) {
      const path = pathOf(type, { namespace: options.namespace });
      const query = {
        ...selectors(options),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        timeoutSeconds: String(options.timeoutSeconds),
      };
      const body = await transport.stream({ method: 'GET', path, query, signal });
      try {
        yield* readEvents(body, type, `watch ${path}`);
      } finally {
        body.on('error', () => undefined); // Breaking it off is an error to the stream, not to us.
        body.destroy();
      }
    },

    async create(type, object, signal) {
      const path = pathOf(type, { namespace: object.metadata.namespace });
      return expectObject(await transport.json({ method: 'POST', path, body: object, signal }), type, `POST ${path}`);
    },

    async update(type, object, signal) {
      const path = pathOf(type, object.metadata);
      return expectObject(await transport.json({ method: 'PUT', path, body: object, signal }), type, `PUT ${path}`);
    },

    async delete(type, at, signal) {
      await transport.json({ method: 'DELETE', path: pathOf(type, at), signal });
    },

    async apply(type, object, { fieldManager, subresource }, signal) {
      const { name, namespace } = object.metadata;
      const path = pathOf(type, { namespace, name, ...(subresource === undefined ? {} : { subresource }) });
      const answer = await transport.json({
        method: 'PATCH',
        path,
        query: { fieldManager, force: 'true' },
        // JSON is YAML; the media type is the one that every version of the API knows.
        contentType: 'application/apply-patch+yaml',
        body: object,
        signal,
      });
      return expectObject(answer, type, `PATCH ${path}`);
    },

    async ask(type, spec, signal) {
      const path = pathOf(type);
      const body = { apiVersion: apiVersionOf(type), kind: type.kind, spec };
      const answer = await transport.json({ method: 'POST', path, body, signal });
      if (!isRecord(answer) || !isRecord(answer['status'])) {
        throw new KubeError('malformed', `POST ${path}: the answer has no status`);
      }
      return answer['status'];
    },
  };
}

function selectors({ labelSelector, fieldSelector }: Selection) {
  return { labelSelector, fieldSelector };
}

function expectObject(value: unknown, type: ResourceType, what: string): AnyObject {
  const object = parseObject(value, type);
  if (object === undefined) throw new KubeError('malformed', `${what}: the answer is not an object of an API`);
  return object;
}

function parseList(value: unknown, type: ResourceType, what: string): ListPage {
  const metadata = isRecord(value) && isRecord(value['metadata']) ? value['metadata'] : {};
  const { resourceVersion, continue: next } = metadata;
  // Go writes an empty list as null.
  const items = isRecord(value) ? (value['items'] ?? []) : undefined;
  if (!Array.isArray(items) || typeof resourceVersion !== 'string' || resourceVersion === '') {
    throw new KubeError('malformed', `${what}: the answer is not a list with a resourceVersion`);
  }
  return {
    items: items.map((item) => expectObject(item, type, what)),
    resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
}
