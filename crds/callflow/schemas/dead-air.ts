import type { ModuleSchema } from '../schema.ts';

export const deadAir: ModuleSchema = {
  module: 'dead_air',
  summary: 'Answers and sends silence until the caller leaves.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {},
};
