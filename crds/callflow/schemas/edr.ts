import type { ModuleSchema } from '../schema.ts';

export const edr: ModuleSchema = {
  module: 'edr',
  summary: 'Publishes an event with the facts of the call.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  openFields: 'Any field becomes part of the event.',
  fields: {},
};
