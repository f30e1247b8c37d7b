import type { ModuleSchema } from '../schema.ts';

export const set: ModuleSchema = {
  module: 'set',
  summary: 'Adds to the skills that a queue may ask for.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  openFields: 'Each field is a skill.',
  fields: {},
};
