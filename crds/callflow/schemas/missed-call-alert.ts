import type { ModuleSchema } from '../schema.ts';
import { RECIPIENTS } from '../shared-fields.ts';

export const missedCallAlert: ModuleSchema = {
  module: 'missed_call_alert',
  summary: 'Notifies somebody when the call ends unanswered and without a message.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    recipients: RECIPIENTS,
  },
  required: ['recipients'],
};
