import type { ModuleSchema } from '../schema.ts';

export const temporalRoute: ModuleSchema = {
  module: 'temporal_route',
  summary: 'Branches on date and time: the child named like the first rule that holds.',
  answers: 'no',
  children: {
    kind: 'values',
    what: 'the name of the rule, or `rule_set`',
  },
  fields: {
    rules: {
      type: 'array',
      description: 'Names of the rules, in order.',
      items: {
        type: 'string',
        description: 'Name of a rule.',
        minLength: 1,
        maxLength: 253,
      },
      default: [],
    },
    rule_set: {
      type: 'string',
      description: 'Name of a set of rules.',
      minLength: 1,
      maxLength: 253,
    },
    timezone: {
      type: 'string',
      description: "IANA name such as `Europe/Paris`; the account's when absent.",
    },
    action: {
      type: 'string',
      description: 'Switches rules on, off, or back to automatic in place of branching.',
      enum: ['menu', 'enable', 'disable', 'reset'],
    },
    interdigit_timeout: {
      type: 'integer',
      description: 'Milliseconds between digits, with `menu`; 2000 when absent.',
      minimum: 1,
    },
  },
};
