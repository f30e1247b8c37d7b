import type { ModuleSchema } from '../schema.ts';

export const language: ModuleSchema = {
  module: 'language',
  summary: 'Sets the language of prompts and speech from here on.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    language: {
      type: 'string',
      description: 'Two letters, or two and two: `fr`, `fr-ca`.',
      pattern: '^[A-Za-z]{2}(-[A-Za-z]{2})?$',
    },
  },
  required: ['language'],
};
