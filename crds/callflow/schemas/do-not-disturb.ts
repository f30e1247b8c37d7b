import type { ModuleSchema } from '../schema.ts';

export const doNotDisturb: ModuleSchema = {
  module: 'do_not_disturb',
  summary: 'Switches do-not-disturb of the owner of the calling device, or of the device.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do.',
      enum: ['activate', 'deactivate', 'toggle'],
    },
    id: {
      type: 'string',
      description: 'User or device, in place of the calling one.',
      minLength: 1,
      maxLength: 253,
    },
  },
};
