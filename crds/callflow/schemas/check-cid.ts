import type { ModuleSchema } from '../schema.ts';
import { nameField } from '../shared-fields.ts';

export const checkCid: ModuleSchema = {
  module: 'check_cid',
  summary: "Branches on the caller's number.",
  answers: 'no',
  children: {
    kind: 'values',
    what: "the caller's number, or `match` and `nomatch`",
  },
  fields: {
    regex: {
      type: 'string',
      description: "Expression that is run on the caller's number.",
      default: '.*',
      format: 're2',
    },
    use_absolute_mode: {
      type: 'boolean',
      description: "Takes the child named like the caller's number in place of `match`.",
      default: false,
    },
    user_id: nameField('User who becomes owner of the call after a match.', 'PivotUser'),
    caller_id: {
      type: 'object',
      description: 'Caller id that replaces the present one after a match.',
      properties: {
        external: {
          type: 'object',
          description: 'Caller id towards the outside.',
          properties: {
            name: {
              type: 'string',
              description: 'Name; takes effect only together with `number` and `user_id`.',
            },
            number: {
              type: 'string',
              description: 'Number; takes effect only together with `name` and `user_id`.',
            },
          },
        },
      },
    },
  },
  differences: [
    'The caller id is replaced before the child starts; in Kazoo the child may still see the old one.',
    'An expression that is not RE2 is refused.',
  ],
};
