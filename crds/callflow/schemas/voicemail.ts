import type { ModuleSchema } from '../schema.ts';

export const voicemail: ModuleSchema = {
  module: 'voicemail',
  summary: 'Takes a message, or lets the owner listen to messages.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'Leave a message, or listen.',
      enum: ['check', 'compose'],
      default: 'compose',
    },
    id: {
      type: 'string',
      description: 'Name of the box; needed to leave a message.',
      minLength: 1,
      maxLength: 253,
    },
    max_message_length: {
      type: 'integer',
      description: 'Longest message in seconds, where the box sets none.',
      minimum: 1,
      default: 500,
    },
    interdigit_timeout: {
      type: 'integer',
      description: 'Milliseconds between digits, where the box sets none.',
      minimum: 1,
      default: 2000,
    },
    callerid_match_login: {
      type: 'boolean',
      description: "Listening: finds the box by the caller's number.",
      default: false,
    },
    single_mailbox_login: {
      type: 'boolean',
      description: 'Listening: does not ask for the box when the caller owns exactly one.',
      default: false,
    },
  },
  differences: ['`id` is a resource name of 1 to 253 characters; Kazoo wants exactly 32.'],
};
