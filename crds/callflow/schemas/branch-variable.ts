import type { ModuleSchema } from '../schema.ts';

export const branchVariable: ModuleSchema = {
  module: 'branch_variable',
  summary: 'Branches on the value of a variable: the child whose name is the value as text.',
  answers: 'no',
  children: {
    kind: 'values',
    what: 'the value of the variable',
  },
  fields: {
    variable: {
      type: 'string',
      description: 'Name of the variable, lower case with underscores.',
      default: '',
    },
    scope: {
      type: 'string',
      description:
        'Where the variable is looked up: `custom_application_vars` are those of `set_variables` and `<Set>`.',
      enum: ['account', 'custom_application_vars', 'custom_channel_vars', 'device', 'merged', 'user'],
      default: 'custom_channel_vars',
    },
  },
  required: ['variable'],
  differences: ['The scope `custom_application_vars` is ours.'],
};
