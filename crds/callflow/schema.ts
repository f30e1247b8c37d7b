import type { Json } from './node.ts';

export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null';

/**
 * One field of an action's `data`: JSON Schema (draft 07) keywords that ajv checks, a description that the reference prints, and the
 * annotations below that `prepare.ts` acts on.
 */
export interface FieldSchema {
  readonly type: JsonType | readonly JsonType[];
  readonly description: string;
  readonly default?: Json;
  readonly enum?: readonly Json[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: FieldSchema;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Pick<FieldSchema, 'type' | 'writeOnly'>;
  /** Fields that the value of another one makes necessary. */
  readonly requiredWhen?: RequiredWhen;
  /**
   * `url`: absolute http(s), literal host checked. `media`: the same when it begins like a URL, else anything.
   * `re2`: compiles as an RE2 expression.
   */
  readonly format?: 'url' | 'media' | 're2';
  /** Text that Kazoo's users write in place of the value: `true`/`false`, or numbers that are documented as text too (no warning). */
  readonly textual?: 'boolean' | 'number';
  /** Text is lower-cased before it is checked. */
  readonly lowerCase?: true;
  /** The value names a resource of the account. Which kind, a field beside it may say. The compile tells when there is none of the name. */
  readonly refersTo?: Referred | { readonly field: string; readonly is: Readonly<Record<string, Referred>> };
  /** The value never stands in a message. */
  readonly writeOnly?: true;
}

/** Kinds that callflows refer to by name. */
export type Referred = 'PivotCallflow' | 'PivotMedia' | 'PivotUser' | 'PivotDevice';

/** `{field: 'macro', is: {tts: ['text']}}`: with `macro: tts`, `text` is required. */
export interface RequiredWhen {
  readonly field: string;
  readonly is: Readonly<Record<string, readonly string[]>>;
}

/** Which children a module branches to. Every kind but `none` also knows `_`, the default child. */
export type ChildKeys =
  /** Terminal: no child ever runs. */
  | { readonly kind: 'none' }
  /** Only `_`. */
  | { readonly kind: 'default' }
  /** `_` and these. */
  | { readonly kind: 'named'; readonly keys: readonly string[] }
  /** Digit strings, and these. */
  | { readonly kind: 'digits'; readonly keys: readonly string[] }
  /** Whole numbers: the highest one not above the measured value. */
  | { readonly kind: 'thresholds' }
  /** Causes (`USER_BUSY`) and SIP codes (`sip:486`). */
  | { readonly kind: 'failures'; readonly fallsBack: boolean }
  /** Any name; `what` says what it is compared with. */
  | { readonly kind: 'values'; readonly what: string };

/** A module of Callflow JSON: what its `data` may hold and which children it knows. One file each under `schemas/`. */
export interface ModuleSchema {
  readonly module: string;
  /** One line that ends with a full stop. */
  readonly summary: string;
  /** Whether the module answers the call by itself. */
  readonly answers: 'yes' | 'no' | 'depends';
  readonly children: ChildKeys;
  readonly fields: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  /** The module takes any further field as its content; none of them is a misspelling. */
  readonly openFields?: string;
  /** How we differ from Kazoo, one sentence each. */
  readonly differences?: readonly string[];
}

/** The field that every module has. */
export const SKIP_MODULE: FieldSchema = {
  type: 'boolean',
  description: 'Steps over this action: the `_` child runs at once.',
};
