import type { ModuleSchema } from '../schema.ts';
import { RECIPIENTS } from '../shared-fields.ts';

export const notification: ModuleSchema = {
  module: 'notification',
  summary: 'Sends a notification from a template.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    recipients: { ...RECIPIENTS, default: [] },
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
