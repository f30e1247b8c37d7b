import type { ModuleSchema } from '../schema.ts';
import { RECORDING } from '../shared-fields.ts';

export const recordCaller: ModuleSchema = {
  module: 'record_caller',
  summary: 'Records the caller until a key, silence or the limit.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    ...RECORDING,
  },
};
