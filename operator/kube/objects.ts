/**
 * What all objects of a Kubernetes API have in common, as the API conventions define it:
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 */

/** `metav1.ObjectMeta`, the part that is read here. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on objects of cluster scope. */
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque but for {@link compareVersions}. */
  readonly resourceVersion?: string;
  readonly generation?: number;
  /** RFC 3339, resolution one second. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object with everything that its kind adds (`spec`, `status`, `data`), not looked into. */
export type AnyObject = KubeObject & Readonly<Record<string, unknown>>;

/** A kind, and where the API server serves it. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The name in URLs: lower case, plural. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** `NAMESPACE/NAME`, or `NAME` for objects of cluster scope: what queues and stores use as key (client-go `MetaNamespaceKeyFunc`). */
export function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** The parts of a key. */
export function splitKey(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The path of a collection, an object or a subresource. Without a namespace, a namespaced kind's collection is that of all namespaces. */
export function pathOf(
  type: ResourceType,
  at: { readonly namespace?: string | undefined; readonly name?: string; readonly subresource?: string } = {},
): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const namespace = at.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(at.namespace)}`;
  const name = at.name === undefined ? '' : `/${encodeURIComponent(at.name)}`;
  return `${root}${namespace}/${type.plural}${name}${at.subresource === undefined ? '' : `/${at.subresource}`}`;
}

/**
 * Which of two resource versions of one resource is newer: negative, 0 or positive; undefined where they can't be compared. Decimal versions
 * are ordered: promised since Kubernetes 1.35 (KEP-5504), and true of every server on etcd before that.
 */
export function compareVersions(a: string | undefined, b: string | undefined): number | undefined {
  if (a === undefined || b === undefined || !DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
const DECIMAL = /^(0|[1-9][0-9]{0,38})$/;

/**
 * The object that `value` is, or undefined if it is none. Items of a list of a built-in kind lack `apiVersion` and `kind`: they get those of
 * `type`. Only the metadata is looked at; what a kind adds is for its owner to parse.
 */
export function parseObject(value: unknown, type: ResourceType): AnyObject | undefined {
  if (!isRecord(value) || !isRecord(value['metadata'])) return undefined;
  const { name, namespace, uid, resourceVersion } = value['metadata'];
  if (typeof name !== 'string' || name === '') return undefined;
  for (const text of [namespace, uid, resourceVersion]) {
    if (text !== undefined && typeof text !== 'string') return undefined;
  }
  const { apiVersion, kind } = value;
  if (apiVersion === undefined && kind === undefined) {
    return { ...value, apiVersion: apiVersionOf(type), kind: type.kind } as unknown as AnyObject;
  }
  return typeof apiVersion === 'string' && typeof kind === 'string' ? (value as unknown as AnyObject) : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
