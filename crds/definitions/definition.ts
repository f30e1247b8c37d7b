import type { ResourceField } from './field.ts';

/** A column of `kubectl get`. Of several values that a path finds the API server shows the first; a list it shows whole, as JSON. */
export interface Column {
  readonly name: string;
  readonly description: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  /** Shown by `kubectl get -o wide` only. */
  readonly wide?: true;
}

/** A reason of a condition, with what it means and what to do. */
export interface ConditionEntry {
  readonly type: string;
  /** What it means that the condition is True. */
  readonly meaning: string;
}

/** One kind of resource. */
export interface Definition {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: 'Namespaced' | 'Cluster';
  /** What it is, in one or two sentences. */
  readonly description: string;
  readonly spec: ResourceField;
  readonly status: ResourceField;
  readonly conditions: readonly ConditionEntry[];
  readonly columns: readonly Column[];
  /** A manifest, for the documentation; a test reads it. */
  readonly example: string;
}

/** The column of a condition's status. */
export function conditionColumn(type: string, wide?: true): Column {
  return {
    name: type,
    description: `Status of the condition ${type}.`,
    type: 'string',
    jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
    ...(wide === undefined ? {} : { wide }),
  };
}

export const AGE: Column = {
  name: 'Age',
  description: 'Time since the resource was made.',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
};
