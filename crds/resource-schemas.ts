import type { FieldSchema } from './callflow/schema.ts';

/** Name of a Kubernetes object: a DNS subdomain (RFC 1123). */
const SUBDOMAIN = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';
/** Name of a namespace: a DNS label. */
const LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

const texts = (description: string): FieldSchema => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
});

const metadata: FieldSchema = {
  type: 'object',
  description: 'Name and namespace of the resource',
  required: ['name'],
  properties: {
    name: { type: 'string', description: 'Name of the resource', minLength: 1, maxLength: 253, pattern: SUBDOMAIN },
    namespace: { type: 'string', description: 'Namespace, the account', minLength: 1, maxLength: 63, pattern: LABEL },
    annotations: texts('Annotations'),
    labels: texts('Labels'),
    generation: { type: 'integer', description: 'Set by Kubernetes' },
    uid: { type: 'string', description: 'Set by Kubernetes' },
    creationTimestamp: { type: ['string', 'null'], description: 'Set by Kubernetes' },
    resourceVersion: { type: 'string', description: 'Set by Kubernetes' },
  },
};

/** How many numbers and patterns one callflow may claim, each. */
const CLAIMS = 256;

/**
 * A PivotCallflow, but for the content of `pivot`, `failback` and `flow`, which `validateCallflow` checks. Numbers are checked one by one
 * when resources are compiled.
 */
export const PIVOT_CALLFLOW_SCHEMA: FieldSchema = {
  type: 'object',
  description: 'Says which numbers it answers, and how.',
  required: ['metadata', 'spec'],
  properties: {
    metadata,
    spec: {
      type: 'object',
      description: 'What the callflow answers, and how',
      properties: {
        numbers: {
          type: 'array',
          description: 'Numbers and extensions; `no_match` takes what no other callflow of the account takes',
          maxItems: CLAIMS,
          items: { type: 'string', description: 'A number' },
        },
        patterns: {
          type: 'array',
          description: 'RE2 expressions over the dialled number',
          maxItems: CLAIMS,
          items: { type: 'string', description: 'An expression', minLength: 1 },
        },
        name: { type: 'string', description: 'Name for people', maxLength: 256 },
        pivot: { type: 'object', description: 'Settings of the pivot action: the web server to ask' },
        failback: { type: 'object', description: 'Callflow that runs when an exchange fails' },
        flow: { type: 'object', description: 'A whole callflow in place of `pivot`' },
      },
    },
  },
};

/** A core `v1` Secret, as far as it is read. */
export const SECRET_SCHEMA: FieldSchema = {
  type: 'object',
  description: 'Values that callflows refer to.',
  required: ['metadata'],
  properties: {
    metadata,
    data: {
      type: 'object',
      description: 'Values in base64',
      additionalProperties: { type: 'string', writeOnly: true },
    },
    stringData: {
      type: 'object',
      description: 'Values as they are',
      additionalProperties: { type: 'string', writeOnly: true },
    },
  },
};
