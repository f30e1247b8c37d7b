import type { ModuleSchema } from '../schema.ts';

export const setVariable: ModuleSchema = {
  module: 'set_variable',
  summary: 'Sets one of the two well-known variables of the call.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    variable: {
      type: 'string',
      description: '`call_priority` or `group_id`; others have no effect.',
    },
    value: {
      type: 'string',
      description: 'Value, as text.',
    },
    channel: {
      type: 'string',
      description: "The caller's leg, or later legs too.",
      enum: ['a', 'both'],
      default: 'a',
    },
  },
};
