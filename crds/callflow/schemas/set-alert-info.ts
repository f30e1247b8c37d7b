import type { ModuleSchema } from '../schema.ts';

export const setAlertInfo: ModuleSchema = {
  module: 'set_alert_info',
  summary: 'Sets the Alert-Info header (distinctive ring) of later legs.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    alert_info: {
      type: 'string',
      description: 'Value of the header.',
    },
  },
  required: ['alert_info'],
};
