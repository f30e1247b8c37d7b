import type { FieldSchema } from './callflow/schema.ts';
import { LABEL, NAME_LENGTH, SUBDOMAIN } from './definitions/common.ts';
import type { Definition } from './definitions/definition.ts';
import { readerSchema } from './definitions/reader-schema.ts';

const texts = (description: string): FieldSchema => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
});

const metadata = (nameLength: number): FieldSchema => ({
  type: 'object',
  description: 'Name and namespace of the resource',
  required: ['name'],
  properties: {
    name: {
      type: 'string',
      description: 'Name of the resource',
      minLength: 1,
      maxLength: nameLength,
      pattern: SUBDOMAIN,
    },
    namespace: { type: 'string', description: 'Namespace, the account', minLength: 1, maxLength: 63, pattern: LABEL },
    annotations: texts('Annotations'),
    labels: texts('Labels'),
    generation: { type: 'integer', description: 'Set by Kubernetes' },
    uid: { type: 'string', description: 'Set by Kubernetes' },
    creationTimestamp: { type: ['string', 'null'], description: 'Set by Kubernetes' },
    resourceVersion: { type: 'string', description: 'Set by Kubernetes' },
  },
});

/** What a manifest of a kind must be, but for what `checkedBy: compile` leaves to the compile. */
export function resourceSchema({ description, spec }: Definition): FieldSchema {
  return {
    type: 'object',
    description,
    required: ['metadata', 'spec'],
    properties: { metadata: metadata(NAME_LENGTH), spec: readerSchema(spec) },
  };
}

/** A core `v1` Secret, as far as it is read. */
export const SECRET_SCHEMA: FieldSchema = {
  type: 'object',
  description: 'Values that callflows refer to.',
  required: ['metadata'],
  properties: {
    metadata: metadata(253),
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
