import type { ModuleSchema } from '../schema.ts';

export const notification: ModuleSchema = {
  module: 'notification',
  summary: 'Sends a notification from a template.',
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
      default: [],
    },
    template_id: {
      type: 'string',
      description: 'Name of the template; nothing is sent without it.',
      minLength: 1,
      maxLength: 253,
    },
    notification_media: {
      type: 'array',
      description: 'Ways of sending.',
      items: {
        type: 'string',
        description: 'One way.',
        enum: ['email', 'sms'],
      },
    },
    send_at: {
      type: 'string',
      description: 'When: now, or when the call ends.',
      enum: ['callflow_exec', 'channel_destroy'],
      default: 'channel_destroy',
    },
    comments: {
      type: 'string',
      description: 'Text for the template.',
    },
  },
  required: ['recipients'],
};
