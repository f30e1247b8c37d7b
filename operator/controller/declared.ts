import { isDeepStrictEqual } from 'node:util';
import type { Fault } from '../../crds/errors/fault.ts';
import { readResource } from '../../crds/read-resource.ts';
import { GROUP, type PivotResource, type Resource } from '../../crds/resources.ts';
import type { AnyObject, KubeObject, ObjectMeta } from '../kube/objects.ts';

/** A resource of our group as the API server has it, with its typed form. */
export interface Declared<R extends PivotResource> extends KubeObject {
  readonly status: unknown;
  /**
   * Undefined when it could not be read, and not before either. The same object as long as nothing has changed that the compile looks at:
   * a write of the status, ours above all, is no reason to check anything again.
   */
  readonly resource: R | undefined;
  /** Why its present state cannot be read; `resource` is then the last one that could. */
  readonly faults: readonly Fault[];
}

/** Parses what came from the API server. `before`: what is known of the object of this name so far. */
export function declare<R extends PivotResource>(object: AnyObject, before: Declared<R> | undefined): Declared<R> {
  const { apiVersion, kind } = object;
  const metadata = keptOf(object.metadata);
  const known = before?.metadata.uid === metadata.uid ? before : undefined;
  const status = object['status'];
  if (known !== undefined && isSameDeclaration(known.metadata, metadata)) return { ...known, metadata, status };
  const read = readResource({ apiVersion, kind, metadata, spec: object['spec'] });
  const faults = read.ok ? [] : read.faults;
  return { apiVersion, kind, metadata, status, resource: read.ok ? ofKind(read.resource) : known?.resource, faults };
}

/** The object as writers of statuses and events want it. */
export function plainObject({ apiVersion, kind, metadata, status }: Declared<PivotResource>): AnyObject {
  return { apiVersion, kind, metadata, status };
}

/** The list or watch was of one kind, and `readResource` reads an object by its kind. */
function ofKind<R extends PivotResource>(resource: Resource): R {
  return resource as R;
}

/** Other annotations are nobody's business here, and kubectl's holds the whole manifest once more. */
function keptOf(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = metadata;
  const ours = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(`${GROUP}/`));
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(generation === undefined ? {} : { generation }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(ours.length === 0 ? {} : { annotations: Object.fromEntries(ours) }),
  };
}

function isSameDeclaration(a: ObjectMeta, b: ObjectMeta): boolean {
  return a.generation !== undefined && a.generation === b.generation && isDeepStrictEqual(a.annotations, b.annotations);
}
