import type { ModuleSchema } from '../schema.ts';

export const cidlistmatch: ModuleSchema = {
  module: 'cidlistmatch',
  summary: "Branches on whether the caller's number is on a list.",
  answers: 'no',
  children: {
    kind: 'named',
    keys: ['match', 'nomatch'],
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the list.',
      minLength: 1,
      maxLength: 253,
    },
  },
};
