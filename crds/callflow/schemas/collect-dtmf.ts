import type { ModuleSchema } from '../schema.ts';

export const collectDtmf: ModuleSchema = {
  module: 'collect_dtmf',
  summary: 'Collects digits, which the next request to a web server carries.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    max_digits: {
      type: 'integer',
      description: 'Ends the collection at this many digits.',
      minimum: 1,
      default: 1,
    },
    timeout: {
      type: 'integer',
      description: 'Milliseconds to the first digit.',
      minimum: 1,
      default: 5000,
    },
    interdigit_timeout: {
      type: 'integer',
      description: 'Milliseconds to each further digit; 2000 when absent.',
      minimum: 1,
    },
    terminator: {
      type: 'string',
      description:
        'Key that ends the collection and is not part of it. Wins over `terminators`; `#` when neither is given.',
      enum: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '#', '*'],
    },
    terminators: {
      type: 'array',
      description: 'Keys that end the collection and are not part of it.',
      items: {
        type: 'string',
        description: 'One of the twelve DTMF keys.',
        enum: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '#', '*'],
      },
      uniqueItems: true,
      maxItems: 12,
    },
    collection_name: {
      type: 'string',
      description: 'Name under which the digits are kept; `default` when absent.',
    },
    sensitive: {
      type: 'boolean',
      description: 'The digits never stand in a trace or a log.',
      default: false,
    },
  },
  differences: [
    '`terminator` has no default when `terminators` is given; in Kazoo the default `#` wins over the list.',
    '`sensitive` is ours.',
  ],
};
