import type { ModuleSchema } from '../schema.ts';

export const nomorobo: ModuleSchema = {
  module: 'nomorobo',
  summary: 'Branches on the robocall score of a third party.',
  answers: 'no',
  children: {
    kind: 'thresholds',
  },
  fields: {
    username: {
      type: 'string',
      description: 'User name at the service.',
      minLength: 1,
      maxLength: 1000,
    },
    password: {
      type: 'string',
      description: 'Password at the service.',
      minLength: 1,
      maxLength: 1000,
      writeOnly: true,
    },
  },
  required: ['username'],
  differences: ['The service is not asked: the action is skipped and `_` follows. Use `pivot`.'],
};
