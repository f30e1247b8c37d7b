import type { ModuleSchema } from '../schema.ts';

export const waitForHangup: ModuleSchema = {
  module: 'wait_for_hangup',
  summary: 'Waits until the caller leaves.',
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {},
};
