import type { ModuleSchema } from '../schema.ts';

export const acdcWaitTime: ModuleSchema = {
  module: 'acdc_wait_time',
  summary: "Branches on a queue's average waiting time: the child with the highest number of seconds not above it.",
  answers: 'no',
  children: {
    kind: 'thresholds',
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the queue.',
      minLength: 1,
      maxLength: 253,
    },
    window: {
      type: 'integer',
      description: 'Seconds of history that count.',
      minimum: 1,
    },
  },
};
