import type { ModuleSchema } from '../schema.ts';

export const response: ModuleSchema = {
  module: 'response',
  summary: 'Rejects the call with a SIP code.',
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {
    code: {
      type: 'integer',
      description: 'SIP code.',
      minimum: 300,
      maximum: 699,
      default: 486,
    },
    message: {
      type: 'string',
      description: 'Reason phrase; that of the code when absent.',
    },
    media: {
      type: 'string',
      description: 'Sound that is played first, as early media.',
      maxLength: 2048,
      format: 'media',
    },
  },
  required: ['code'],
  differences: ['Codes outside 300 to 699 are refused; Kazoo does not check.'],
};
