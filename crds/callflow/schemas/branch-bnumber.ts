import type { ModuleSchema } from '../schema.ts';

export const branchBnumber: ModuleSchema = {
  module: 'branch_bnumber',
  summary: 'Branches on the number that the pattern of the callflow captured.',
  answers: 'no',
  children: {
    kind: 'values',
    what: 'the captured number',
  },
  fields: {
    hunt: {
      type: 'boolean',
      description: 'Looks the captured number up as a callflow in place of a child.',
      default: false,
    },
    hunt_allow: {
      type: 'string',
      description: 'Expression that the number must match to be looked up; any number when absent.',
      format: 're2',
    },
    hunt_deny: {
      type: 'string',
      description: 'Expression that the number must not match to be looked up.',
      format: 're2',
    },
  },
  differences: ['An expression that is not RE2 is refused; Kazoo treats it as absent.'],
};
