import type { JsonObject } from '../callflow/node.ts';
import type { FieldSchema } from '../callflow/schema.ts';

/** A rule of the Common Expression Language, which the API server holds objects to. */
export interface CelRule {
  readonly rule: string;
  /** What a user reads who breaks it. */
  readonly message: string;
}

/** Which fields of an object go together. Held by the API server (as CEL) and by the reader of manifests alike. */
export type Presence =
  | { readonly exactlyOne: readonly string[]; readonly message: string }
  | { readonly atLeastOne: readonly string[]; readonly message: string }
  | {
      readonly field: string;
      /** The value of the field that needs the others; any when absent. */
      readonly is?: string;
      readonly needs: readonly string[];
      readonly message: string;
    };

/**
 * One field of a resource. From it come the TypeScript type (`FromField`), the structural schema of the CRD (`structural.ts`), the schema
 * that manifests are read with (`reader-schema.ts`), the JSON Schema for editors (`editor-schema.ts`) and the page of the documentation.
 */
export interface ResourceField
  extends Omit<FieldSchema, 'items' | 'properties' | 'additionalProperties' | 'format' | 'requiredWhen'> {
  /** `network`: an IP address, or a network in CIDR notation. `destination`: such a one, or a host name (`*.example.com`). */
  readonly format?: FieldSchema['format'] | 'date-time' | 'network' | 'destination';
  readonly items?: ResourceField;
  readonly properties?: Readonly<Record<string, ResourceField>>;
  readonly additionalProperties?: boolean | ResourceField;
  /** Entries of an object whose names are not fixed. */
  readonly maxProperties?: number;
  /** `x-kubernetes-list-type`; a list whose entries are unique scalars is a `set` by itself. */
  readonly listType?: 'set' | 'map' | 'atomic';
  readonly listMapKeys?: readonly string[];
  /** The object changes as a whole (`x-kubernetes-map-type: atomic`). */
  readonly atomic?: true;
  /** A whole number or text (`x-kubernetes-int-or-string`). */
  readonly intOrString?: true;
  readonly rules?: readonly CelRule[];
  readonly presence?: readonly Presence[];
  /** `action`: a callflow; `any`: content that no schema describes. The API server keeps both as they are. */
  readonly content?: 'action' | 'any';
  /** `compile`: the reader of manifests checks only the type, and that it is not empty; the rest is checked, with better words, when resources are compiled. */
  readonly checkedBy?: 'compile';
}

type Present<F> = Extract<
  | (F extends { required: readonly (infer R)[] } ? R : never)
  | (F extends { properties: infer P }
      ? { [K in keyof P]: P[K] extends { default: unknown } ? K : never }[keyof P]
      : never),
  string
>;

type FromObject<F, P> = { readonly [K in keyof P as K extends Present<F> ? K : never]: FromField<P[K]> } & {
  readonly [K in keyof P as K extends Present<F> ? never : K]?: FromField<P[K]>;
};

type Flat<T> = { [K in keyof T]: T[K] };

/** The type of a field's value once it has been read: required fields and those with a default are there. */
export type FromField<F> = F extends { checkedBy: 'compile'; type: 'object' } | { content: string }
  ? JsonObject
  : F extends { intOrString: true }
    ? number | string
    : F extends { enum: readonly (infer E)[] }
      ? E
      : F extends { type: 'string' }
        ? string
        : F extends { type: 'integer' | 'number' }
          ? number
          : F extends { type: 'boolean' }
            ? boolean
            : F extends { type: 'array'; items: infer I }
              ? readonly FromField<I>[]
              : F extends { type: 'object'; properties: infer P }
                ? Flat<FromObject<F, P>>
                : F extends { type: 'object'; additionalProperties: infer A }
                  ? Readonly<Record<string, FromField<A>>>
                  : never;
