import type { ModuleSchema } from '../schema.ts';
import { APPROVED } from '../shared-fields.ts';

export const interceptFeature: ModuleSchema = {
  module: 'intercept_feature',
  summary: 'Takes over a call of the captured extension.',
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {
    type: {
      type: 'string',
      description: 'What the captured text names.',
      enum: ['user', 'device', 'extension'],
    },
    ...APPROVED,
  },
};
