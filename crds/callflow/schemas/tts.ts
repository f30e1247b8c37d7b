import type { ModuleSchema } from '../schema.ts';

export const tts: ModuleSchema = {
  module: 'tts',
  summary: 'Speaks a text.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    text: {
      type: 'string',
      description: 'The text to speak.',
      minLength: 1,
      maxLength: 1000,
    },
    voice: {
      type: 'string',
      description: '`male`, `female`, or a voice of the engine.',
      default: 'female',
    },
    language: {
      type: 'string',
      description: "Language such as `en-gb`; the call's when absent.",
    },
    engine: {
      type: 'string',
      description: 'Speech engine; the configured one when absent.',
      enum: ['flite', 'google', 'ispeech', 'voicefabric'],
    },
    terminators: {
      type: 'array',
      description: 'Keys that stop the speech; any key when absent, none when empty.',
      items: {
        type: 'string',
        description: 'One of the twelve DTMF keys.',
      },
      maxItems: 64,
    },
    endless_playback: {
      type: 'boolean',
      description: 'Repeats until a key or hang-up.',
    },
  },
  required: ['text'],
  differences: ['`say` is taken as `tts`, with a warning.'],
};
