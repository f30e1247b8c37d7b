import type { ModuleSchema } from '../schema.ts';

export const missedCallAlert: ModuleSchema = {
  module: 'missed_call_alert',
  summary: 'Notifies somebody when the call ends unanswered and without a message.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    recipients: {
      type: 'array',
      description: 'Whom to notify.',
      items: {
        type: 'object',
        description: 'One recipient.',
        properties: {
          type: {
            type: 'string',
            description: 'What `id` holds.',
            enum: ['user', 'email'],
          },
          id: {
            type: ['string', 'array'],
            description: 'User names or e-mail addresses: one, or a list.',
            items: {
              type: 'string',
              description: 'A user name or e-mail address.',
            },
          },
        },
        required: ['id', 'type'],
      },
    },
  },
  required: ['recipients'],
};
