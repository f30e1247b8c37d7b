import type { ModuleSchema } from '../schema.ts';
import { ENDPOINT } from '../shared-fields.ts';

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
        ...ENDPOINT,
        properties: {
          ...ENDPOINT.properties,
          weight: { type: 'integer', description: 'Accepted and not used.', minimum: 1, maximum: 100 },
        },
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
