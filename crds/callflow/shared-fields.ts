import type { FieldSchema, Referred } from './schema.ts';

/** Fields that several modules have in common. */

/** The name of something of the account; `refersTo` when it is a resource. */
export function nameField(description: string, refersTo?: Referred): FieldSchema {
  return {
    type: 'string',
    description,
    minLength: 1,
    maxLength: 253,
    ...(refersTo === undefined ? {} : { refersTo }),
  };
}

/** Who may do what the module does. */
export const APPROVED = {
  approved_device_id: nameField('Device that may do this.', 'PivotDevice'),
  approved_group_id: nameField('Group whose members may do this.'),
  approved_user_id: nameField('User who may do this, from any of their devices.', 'PivotUser'),
} as const satisfies Record<string, FieldSchema>;

/** One of several endpoints that ring. */
export const ENDPOINT = {
  type: 'object',
  description: 'One endpoint.',
  properties: {
    id: {
      type: 'string',
      description: 'Name of the device, user or group.',
      minLength: 1,
      maxLength: 128,
      refersTo: { field: 'endpoint_type', is: { device: 'PivotDevice', user: 'PivotUser' } },
    },
    endpoint_type: { type: 'string', description: 'What `id` names.', enum: ['device', 'user', 'group'] },
    delay: {
      type: 'integer',
      description: 'Seconds to wait before this endpoint rings.',
      minimum: 0,
      default: 0,
    },
    timeout: { type: 'integer', description: 'Seconds this endpoint rings.', minimum: 0, default: 20 },
  },
  required: ['endpoint_type', 'id'],
} as const satisfies FieldSchema;

export const RINGTONES = {
  external: { type: 'string', description: 'Alert-Info for calls from outside.' },
  internal: { type: 'string', description: 'Alert-Info for calls from inside.' },
} as const satisfies Record<string, FieldSchema>;

/** What becomes of a recording. */
export const RECORDING = {
  format: { type: 'string', description: 'Kind of file; mp3 when absent.', enum: ['mp3', 'wav'] },
  method: { type: 'string', description: 'How the file is uploaded.', enum: ['put', 'post'], default: 'put' },
  time_limit: {
    type: 'integer',
    description: 'Longest recording in seconds.',
    minimum: 5,
    maximum: 10800,
    default: 3600,
  },
  url: { type: 'string', description: 'Where the file is uploaded. The file name is appended.', format: 'url' },
} as const satisfies Record<string, FieldSchema>;

/** Who gets a message. */
export const RECIPIENTS = {
  type: 'array',
  description: 'Whom to notify.',
  items: {
    type: 'object',
    description: 'One recipient.',
    properties: {
      type: { type: 'string', description: 'What `id` holds.', enum: ['user', 'email'] },
      id: {
        type: ['string', 'array'],
        description: 'User names or e-mail addresses: one, or a list.',
        items: { type: 'string', description: 'A user name or e-mail address.' },
      },
    },
    required: ['id', 'type'],
  },
} as const satisfies FieldSchema;

/** A key of a Secret; `description` says what for. In manifests only. */
export const secretReference = (description: string) =>
  ({
    type: 'object',
    description,
    properties: {
      name: { type: 'string', description: 'Name of the Secret.', minLength: 1, maxLength: 253 },
      key: { type: 'string', description: 'Key within it.', minLength: 1, maxLength: 253 },
    },
    required: ['name', 'key'],
    additionalProperties: false,
  }) as const satisfies FieldSchema;
