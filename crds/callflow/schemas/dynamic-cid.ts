import type { ModuleSchema } from '../schema.ts';

export const dynamicCid: ModuleSchema = {
  module: 'dynamic_cid',
  summary: 'Chooses the caller id of this call.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description:
        'How it is chosen: keyed in (`manual`, also when absent), given here (`static`), or taken from a list.',
      enum: ['list', 'lists', 'manual', 'static'],
    },
    caller_id: {
      type: 'object',
      description: 'The caller id, with `static`.',
      properties: {
        name: {
          type: 'string',
          description: 'Name.',
        },
        number: {
          type: 'string',
          description: 'Number.',
        },
      },
    },
    id: {
      type: 'string',
      description: 'Name of the list.',
      minLength: 1,
      maxLength: 253,
    },
    idx_name: {
      type: 'string',
      description: 'Named group of the pattern whose text selects the entry.',
    },
    media_id: {
      type: 'string',
      description: 'Prompt that asks for the number.',
      format: 'media',
    },
    min_digits: {
      type: 'integer',
      description: 'Fewest digits keyed in; 10 when absent.',
      minimum: 1,
    },
    max_digits: {
      type: 'integer',
      description: 'Most digits keyed in; 10 when absent.',
      minimum: 1,
    },
    interdigit_timeout: {
      type: 'integer',
      description: 'Milliseconds between digits.',
      minimum: 1,
    },
    whitelist_regex: {
      type: 'string',
      description: 'Expression that the number keyed in must match; digits only when absent.',
      format: 're2',
    },
    permit_custom_callflow: {
      type: 'boolean',
      description: 'Lists: the number may lead to any callflow, not only to `no_match`.',
      default: false,
    },
    enforce_call_restriction: {
      type: 'boolean',
      description: 'Lists: applies the call restrictions of the calling endpoint.',
      default: true,
    },
  },
  differences: [
    'An expression that is not RE2 is refused.',
    '`list` and `lists` are passed over with a warning.',
    'It counts for callers from outside too.',
  ],
};
