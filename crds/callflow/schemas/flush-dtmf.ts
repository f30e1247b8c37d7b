import type { ModuleSchema } from '../schema.ts';

export const flushDtmf: ModuleSchema = {
  module: 'flush_dtmf',
  summary: 'Forgets a collection of digits.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    collection_name: {
      type: 'string',
      description: 'Name of the collection.',
      default: 'default',
    },
  },
  differences: ['The collection is really deleted; Kazoo does not save the change.'],
};
