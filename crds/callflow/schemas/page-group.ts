import type { ModuleSchema } from '../schema.ts';

export const pageGroup: ModuleSchema = {
  module: 'page_group',
  summary: 'Speaks to several phones, which answer by themselves.',
  answers: 'depends',
  children: {
    kind: 'default',
  },
  fields: {
    audio: {
      type: 'string',
      description: 'Whether the phones may speak too.',
      enum: ['one-way', 'two-way'],
      default: 'one-way',
    },
    endpoints: {
      type: 'array',
      description: 'Phones to page.',
      items: {
        type: 'object',
        description: 'One endpoint.',
        properties: {
          id: {
            type: 'string',
            description: 'Name of the device, user or group.',
            minLength: 1,
            maxLength: 128,
          },
          endpoint_type: {
            type: 'string',
            description: 'What `id` names.',
            enum: ['device', 'user', 'group'],
          },
          delay: {
            type: 'integer',
            description: 'Seconds to wait before this endpoint rings.',
            minimum: 0,
            default: 0,
          },
          timeout: {
            type: 'integer',
            description: 'Seconds this endpoint rings.',
            minimum: 0,
            default: 20,
          },
          weight: {
            type: 'integer',
            description: 'Accepted and not used.',
            minimum: 1,
            maximum: 100,
          },
        },
        required: ['endpoint_type', 'id'],
      },
      minItems: 1,
    },
    timeout: {
      type: 'integer',
      description: 'Seconds the phones have to answer.',
      minimum: 0,
      default: 5,
    },
    barge_calls: {
      type: 'boolean',
      description: 'Also interrupts phones that are in a call.',
    },
  },
  required: ['audio', 'endpoints'],
};
