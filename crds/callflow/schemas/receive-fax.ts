import type { ModuleSchema } from '../schema.ts';
import { nameField } from '../shared-fields.ts';

export const receiveFax: ModuleSchema = {
  module: 'receive_fax',
  summary: 'Receives a fax for a user.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    owner_id: nameField('Name of the user.', 'PivotUser'),
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
