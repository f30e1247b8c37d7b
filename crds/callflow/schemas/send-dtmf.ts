import type { ModuleSchema } from '../schema.ts';

export const sendDtmf: ModuleSchema = {
  module: 'send_dtmf',
  summary: 'Sends digits to the caller.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    digits: {
      type: 'string',
      description: '0-9, A-D, `*`, `#`; `w` pauses half a second, `W` a second.',
      maxLength: 256,
    },
    duration_ms: {
      type: 'integer',
      description: 'Milliseconds of each tone; text is accepted too.',
      minimum: 1,
      default: 2000,
      textual: 'number',
    },
  },
  required: ['digits'],
};
