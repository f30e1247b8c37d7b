import type { ModuleSchema } from '../schema.ts';

export const menu: ModuleSchema = {
  module: 'menu',
  summary: 'Plays a greeting and branches on the digits keyed in.',
  answers: 'yes',
  children: {
    kind: 'digits',
    keys: ['timeout', 'max_retries'],
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the menu; the built-in settings when unknown.',
      minLength: 1,
      maxLength: 253,
    },
    interdigit_timeout: {
      type: 'integer',
      description: 'Milliseconds between digits, where the menu sets none; 2000 when absent.',
      minimum: 1,
    },
  },
};
