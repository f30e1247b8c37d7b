import type { ModuleSchema } from '../schema.ts';

export const transfer: ModuleSchema = {
  module: 'transfer',
  summary: 'Transfers a leg.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    target: {
      type: 'string',
      description: 'Number or extension.',
    },
    transfer_type: {
      type: 'string',
      description: 'With or without asking the target first.',
      enum: ['attended', 'blind'],
      default: 'blind',
    },
    leg: {
      type: 'string',
      description: 'The caller (`self`) or the other party.',
      enum: ['self', 'bleg'],
    },
    captures: {
      type: 'array',
      description: 'Texts of which the first is the target when `target` is absent.',
      items: {
        type: 'string',
        description: 'A text.',
      },
      default: ['no_match'],
    },
  },
  differences: ['An accepted transfer ends the callflow, a failed one continues at `_`; Kazoo does neither.'],
};
