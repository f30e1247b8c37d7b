import type { ModuleSchema } from '../schema.ts';

export const play: ModuleSchema = {
  module: 'play',
  summary: 'Plays a sound.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    id: {
      type: 'string',
      description:
        'Media name, URL, `prompt://…`, `tone_stream://…` or `silence_stream://…`. Nothing is played when absent or empty.',
      format: 'media',
      refersTo: 'PivotMedia',
      maxLength: 8192,
    },
    answer: {
      type: 'boolean',
      description: 'False leaves the call unanswered and plays early media.',
    },
    loop_count: {
      type: 'integer',
      description: 'How often it is played; once when absent.',
      minimum: 1,
    },
    endless_playback: {
      type: 'boolean',
      description: 'Repeats until a key or hang-up.',
      default: false,
    },
    terminators: {
      type: 'array',
      description: 'Keys that stop the sound; any key when absent, none when empty.',
      items: {
        type: 'string',
        description: 'One of the twelve DTMF keys.',
      },
      maxItems: 64,
    },
  },
};
