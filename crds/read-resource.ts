import { Collector, show } from './callflow/collector.ts';
import { createSchemaCompiler } from './callflow/data-validator.ts';
import { explain } from './callflow/explain.ts';
import { join } from './callflow/pointer.ts';
import { suggest } from './callflow/suggest.ts';
import type { Definition } from './definitions/definition.ts';
import { definitions } from './definitions/definitions.ts';
import { readFields, warnUnknown } from './definitions/read-fields.ts';
import type { Fault } from './errors/fault.ts';
import { manifestCodes } from './errors/manifest.ts';
import { resourceSchema, SECRET_SCHEMA } from './resource-schemas.ts';
import { API_VERSION, GROUP, type PivotResource, type Resource, type Secret } from './resources.ts';

/** A typed resource, or what is wrong with it. Places have JSON pointers into the given value. */
export type ReadResult =
  | { readonly ok: true; readonly resource: Resource; readonly warnings: readonly Fault[] }
  | {
      readonly ok: false;
      readonly faults: readonly Fault[];
      readonly warnings: readonly Fault[];
      /** The resource without name and namespace, if nothing but its `metadata` is wrong: what else may be wrong with it can still be found. */
      readonly nameless: PivotResource | undefined;
    };

type Fields = { readonly [key: string]: unknown };

const CODES = {
  missing: manifestCodes.missingField,
  type: manifestCodes.invalidField,
  value: manifestCodes.invalidField,
} as const;

const TOP_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

/** The kinds of our group, each with the schema of its manifests. */
const KINDS: ReadonlyMap<string, { readonly definition: Definition; readonly schema: object }> = new Map(
  definitions.map((definition) => [definition.kind, { definition, schema: resourceSchema(definition) }]),
);

const compile = createSchemaCompiler();

/**
 * Turns an object that claims to be a resource into a typed one, with defaults filled in; the object is not changed. The callflows within
 * (`pivot`, `failback`, `flow`) are checked when resources are compiled, because that needs options; here they are objects. `namespace` is
 * `default` unless the object names one.
 */
export function readResource(value: unknown): ReadResult {
  const collector = new Collector();
  const resource = isObject(value) ? read(value, collector) : undefined;
  if (!isObject(value)) {
    collector.report(manifestCodes.notAnObject, `a resource is expected, not ${show(value)}`, '');
  }
  const { faults, warnings } = collector;
  if (resource !== undefined && faults.length === 0) return { ok: true, resource, warnings };
  return { ok: false, faults, warnings, nameless: resource?.kind === 'Secret' ? undefined : resource };
}

function read(value: Fields, collector: Collector): Resource | undefined {
  const { apiVersion, kind } = value;
  for (const [field, given] of Object.entries({ apiVersion, kind })) {
    if (given === undefined) collector.report(manifestCodes.missingField, `"${field}" is missing`, '');
    else if (typeof given !== 'string') {
      collector.report(manifestCodes.invalidField, `"${field}" must be text, not ${show(given)}`, join('', field));
    }
  }
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  if (kind === 'Secret' && apiVersion === 'v1') return readSecret(value, collector);
  const known = KINDS.get(kind);
  if (known !== undefined) {
    if (apiVersion === API_VERSION) return readPivotResource(known, value, collector);
    const message = `apiVersion must be "${API_VERSION}", not ${show(apiVersion)}`;
    collector.report(manifestCodes.unsupportedVersion, message, '/apiVersion');
    return undefined;
  }
  const meant = apiVersion.startsWith(`${GROUP}/`) ? suggest(kind, KINDS.keys()) : undefined;
  if (meant !== undefined) {
    collector.report(manifestCodes.invalidField, `there is no kind "${kind}"; did you mean "${meant}"?`, '/kind');
  } else {
    collector.report(
      manifestCodes.unknownKind,
      `${kind} (${apiVersion}) is not read by Pivot and was skipped`,
      '/kind',
    );
  }
  return undefined;
}

function readPivotResource(
  { definition, schema }: { readonly definition: Definition; readonly schema: object },
  value: Fields,
  collector: Collector,
): PivotResource | undefined {
  const { kind, scope, spec: specField } = definition;
  const { metadata, spec } = value;
  // Checking fills defaults in, and the object is the caller's.
  const own = { metadata, spec: structuredClone(spec) };
  check(schema, own, kind, collector);
  for (const field of Object.keys(value)) {
    if (TOP_FIELDS.has(field)) continue;
    const misplaced = Object.hasOwn(specField.properties ?? {}, field);
    warnUnknown(field, kind, '', misplaced ? `spec.${field}` : suggest(field, TOP_FIELDS), collector);
  }
  readFields(specField, own.spec, kind, '/spec', collector);
  if (collector.faults.some(({ place }) => place?.pointer?.startsWith('/metadata') !== true)) return undefined;
  const isNamed = collector.faults.length === 0;
  const named = isNamed ? withNamespace(metadata as PivotResource['metadata']) : { name: '', namespace: '' };
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: scope === 'Cluster' ? { ...named, namespace: '' } : named,
    spec: own.spec,
  } as PivotResource;
}

function readSecret(value: Fields, collector: Collector): Secret | undefined {
  check(SECRET_SCHEMA, value, 'Secret', collector);
  if (collector.faults.length > 0) return undefined;
  const data: [string, string][] = [];
  for (const [key, encoded] of Object.entries((value['data'] ?? {}) as Record<string, string>)) {
    const compact = encoded.replace(/\s/g, '');
    if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) {
      data.push([key, Buffer.from(compact, 'base64').toString('utf8')]);
    } else {
      collector.report(manifestCodes.invalidSecretData, `Secret: "data.${key}" is not base64`, join('/data', key));
    }
  }
  data.push(...Object.entries((value['stringData'] ?? {}) as Record<string, string>));
  const { metadata } = value as unknown as Pick<Secret, 'metadata'>;
  return { apiVersion: 'v1', kind: 'Secret', metadata: withNamespace(metadata), data: Object.fromEntries(data) };
}

function check(schema: object, value: Fields, subject: string, collector: Collector): void {
  for (const { entry, message, pointer } of explain(compile(schema)(value), subject, CODES)) {
    collector.report(entry, message, pointer);
  }
}

/** `kubectl create --dry-run` writes `creationTimestamp: null`. */
function withNamespace(
  metadata: Omit<Resource['metadata'], 'namespace' | 'creationTimestamp'> & {
    readonly namespace?: string;
    readonly creationTimestamp?: string | null;
  },
): Resource['metadata'] {
  const { creationTimestamp, ...rest } = metadata;
  return {
    ...rest,
    namespace: metadata.namespace ?? 'default',
    ...(typeof creationTimestamp === 'string' ? { creationTimestamp } : {}),
  };
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
