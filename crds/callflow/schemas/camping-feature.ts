import type { ModuleSchema } from '../schema.ts';

export const campingFeature: ModuleSchema = {
  module: 'camping_feature',
  summary: 'Calls back when the captured extension becomes free.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    timeout: {
      type: 'integer',
      description: 'Seconds to wait for an extension of the account.',
      minimum: 1,
    },
    tries: {
      type: 'integer',
      description: 'Attempts to reach an outside number.',
      minimum: 1,
    },
    try_interval: {
      type: 'integer',
      description: 'Seconds between two attempts.',
      minimum: 1,
    },
    stop_after: {
      type: 'integer',
      description: 'Seconds after which no further attempt is made.',
      minimum: 1,
    },
  },
};
