import type { ModuleSchema } from '../schema.ts';

export const hotdesk: ModuleSchema = {
  module: 'hotdesk',
  summary: 'Logs a user in or out on the calling phone.',
  answers: 'depends',
  children: {
    kind: 'failures',
    fallsBack: true,
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do; `bridge` rings the devices on which the user is logged in.',
      enum: ['logout', 'login', 'toggle', 'bridge'],
    },
    id: {
      type: 'string',
      description: 'Name of the user; asked for when absent.',
      minLength: 1,
      maxLength: 253,
    },
    interdigit_timeout: {
      type: 'integer',
      description: 'Milliseconds between digits.',
      minimum: 1,
    },
  },
};
