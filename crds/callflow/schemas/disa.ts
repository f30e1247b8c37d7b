import type { ModuleSchema } from '../schema.ts';

export const disa: ModuleSchema = {
  module: 'disa',
  summary: 'Gives a caller from outside a dial tone, after a PIN.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    pin: {
      type: 'string',
      description: 'PIN to key in first; none is asked when empty.',
      default: '',
      writeOnly: true,
    },
    retries: {
      type: 'integer',
      description: 'Attempts for the PIN, and again for the number.',
      minimum: 1,
      default: 3,
    },
    max_digits: {
      type: 'integer',
      description: 'Longest number.',
      minimum: 1,
      default: 15,
    },
    interdigit: {
      type: 'integer',
      description: 'Milliseconds between digits; 2000 when absent.',
      minimum: 1,
    },
    preconnect_audio: {
      type: 'string',
      description: 'What the caller hears before dialling.',
      enum: ['dialtone', 'ringing'],
      default: 'dialtone',
    },
    ring_repeat_count: {
      type: 'integer',
      description: 'Rings before dialling, with `ringing`.',
      minimum: 1,
      default: 1,
    },
    use_account_caller_id: {
      type: 'boolean',
      description: "Shows the account's caller id; true when absent.",
    },
    enforce_call_restriction: {
      type: 'boolean',
      description: 'Applies the call restrictions of the account.',
      default: false,
    },
  },
};
