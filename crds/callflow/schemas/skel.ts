import type { ModuleSchema } from '../schema.ts';

export const skel: ModuleSchema = {
  module: 'skel',
  summary: 'Does nothing.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {},
};
