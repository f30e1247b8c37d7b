import type { ModuleSchema } from '../schema.ts';

export const noop: ModuleSchema = {
  module: 'noop',
  summary: 'Waits until the sounds already queued have been played.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {},
};
