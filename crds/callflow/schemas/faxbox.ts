import type { ModuleSchema } from '../schema.ts';

export const faxbox: ModuleSchema = {
  module: 'faxbox',
  summary: 'Receives a fax into a fax box.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the fax box.',
      minLength: 1,
      maxLength: 253,
    },
    faxbox_id: {
      type: 'string',
      description: 'Older spelling of `id`.',
      minLength: 1,
      maxLength: 253,
    },
    media: {
      type: 'object',
      description: 'How the fax is received.',
      properties: {
        fax_option: {
          type: ['boolean', 'string'],
          description: 'T.38: on, off, or by negotiation.',
          enum: ['auto', 'true', 'false', true, false],
        },
      },
    },
  },
  differences: ['Faxes are not received: the action is skipped and `_` follows.'],
};
