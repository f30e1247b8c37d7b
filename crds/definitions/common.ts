import type { ResourceField } from './field.ts';

/** Characters of a URL, as everywhere. */
export const URL_LENGTH = 8192;
/** Characters of a resource's name, so that it can be the value of a label. */
export const NAME_LENGTH = 63;
/** Name of a Kubernetes object: a DNS subdomain (RFC 1123). */
export const SUBDOMAIN = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';
/** Name of a namespace: a DNS label. */
export const LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

export const secretKeyRef = {
  type: 'object',
  description: 'A key of a Secret in the namespace of the resource.',
  properties: {
    name: { type: 'string', description: 'Name of the Secret.', minLength: 1, maxLength: 253, pattern: SUBDOMAIN },
    key: {
      type: 'string',
      description: 'Key within the Secret.',
      minLength: 1,
      maxLength: 253,
      pattern: '^[-._a-zA-Z0-9]+$',
    },
  },
  required: ['name', 'key'],
  atomic: true,
} as const satisfies ResourceField;

/** A host name, perhaps with `*.` or `.` before it for all below it. */
export const HOST_RULE = '^(\\*?\\.)?[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*\\.?$';

/** The name of another resource of the namespace. */
export const nameOf = <const K extends string>(kind: K) =>
  ({
    type: 'string',
    description: `Name of a ${kind} of the same namespace.`,
    minLength: 1,
    maxLength: NAME_LENGTH,
    pattern: SUBDOMAIN,
  }) as const satisfies ResourceField;

/** A number in E.164 form, or an extension. */
export const dialled = {
  type: 'string',
  description: 'A number in E.164 form (`+14155550100`) or an extension.',
  minLength: 1,
  maxLength: 36,
  pattern: '^\\+?[0-9*#]+$',
} as const satisfies ResourceField;

export const callerId = {
  type: 'object',
  description: 'What the called side sees.',
  properties: {
    number: { ...dialled, description: 'Number shown: E.164 form or an extension.' },
    name: { type: 'string', description: 'Name shown.', minLength: 1, maxLength: 64 },
  },
} as const satisfies ResourceField;

export const credentials = {
  type: 'object',
  description: 'User name and password of SIP digest authentication (RFC 8760).',
  properties: {
    username: { type: 'string', description: 'User name.', minLength: 1, maxLength: 64 },
    passwordSecretRef: { ...secretKeyRef, description: 'Where the password is: a key of a Secret in this namespace.' },
  },
  required: ['username', 'passwordSecretRef'],
} as const satisfies ResourceField;

export const enabled = {
  type: 'boolean',
  description: 'False takes it out of use without deleting it.',
  default: true,
} as const satisfies ResourceField;

export const observedGeneration = {
  type: 'integer',
  description: 'Generation of the spec that the status is about.',
  minimum: 0,
} as const satisfies ResourceField;

/** `metav1.Condition`, with its limits. */
export const conditions = {
  type: 'array',
  description: 'How things stand, one entry for each condition.',
  maxItems: 8,
  listType: 'map',
  listMapKeys: ['type'],
  items: {
    type: 'object',
    description: 'One condition.',
    properties: {
      type: {
        type: 'string',
        description: 'Name of the condition.',
        maxLength: 316,
        pattern:
          '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
      },
      status: { type: 'string', description: 'Whether it holds.', enum: ['True', 'False', 'Unknown'] },
      reason: {
        type: 'string',
        description: 'Why, in one word that programs may rely on.',
        minLength: 1,
        maxLength: 1024,
        pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
      },
      message: {
        type: 'string',
        description: 'Why, for people. Codes (PV-…) are explained in docs/errors.md.',
        maxLength: 32_768,
      },
      lastTransitionTime: { type: 'string', description: 'When the status last changed.', format: 'date-time' },
      observedGeneration,
    },
    required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  },
} as const satisfies ResourceField;

/** A status of conditions alone. */
export const plainStatus = {
  type: 'object',
  description: 'Written by the operator.',
  properties: { observedGeneration, conditions },
} as const satisfies ResourceField;
