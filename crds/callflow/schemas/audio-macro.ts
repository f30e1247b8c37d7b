import type { ModuleSchema } from '../schema.ts';

export const audioMacro: ModuleSchema = {
  module: 'audio_macro',
  summary: 'Plays a list of sounds and texts without gaps.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    macros: {
      type: 'array',
      description: 'What to play, in this order.',
      items: {
        type: 'object',
        description: 'One item; the fields depend on `macro`.',
        properties: {
          macro: {
            type: 'string',
            description: 'Kind of item.',
            enum: ['play', 'prompt', 'say', 'tts', 'tone'],
          },
          id: {
            type: 'string',
            description: '`play`: media name or URL. `prompt`: name of the prompt.',
            format: 'media',
          },
          text: {
            type: 'string',
            description: '`say` and `tts`: what is spoken.',
            minLength: 1,
            maxLength: 1000,
          },
          language: {
            type: 'string',
            description: '`prompt`, `say`, `tts`: language of this item.',
          },
          voice: {
            type: 'string',
            description: '`tts`: voice.',
          },
          engine: {
            type: 'string',
            description: '`tts`: speech engine.',
            enum: ['flite', 'google', 'ispeech', 'voicefabric'],
          },
          type: {
            type: 'string',
            description: '`say`: what the text is.',
            enum: [
              'number',
              'items',
              'persons',
              'messages',
              'currency',
              'time_measurement',
              'current_date',
              'current_time',
              'current_date_time',
              'telephone_number',
              'telephone_extension',
              'url',
              'ip_address',
              'e-mail_address',
              'postal_address',
              'account_number',
              'name_spelled',
              'name_phonetic',
              'short_date_time',
            ],
          },
          method: {
            type: 'string',
            description: '`say`: how it is spoken.',
            enum: ['none', 'pronounced', 'iterated', 'counted'],
          },
          gender: {
            type: 'string',
            description: '`say`: grammatical gender.',
            enum: ['masculine', 'feminine', 'neuter'],
          },
          frequencies: {
            type: 'array',
            description: '`tone`: frequencies in Hz, sounded together.',
            items: {
              type: 'integer',
              description: 'Hz.',
              minimum: 1,
              maximum: 20000,
            },
            maxItems: 16,
          },
          duration_on: {
            type: 'integer',
            description: '`tone`: milliseconds of sound.',
            minimum: 0,
          },
          duration_off: {
            type: 'integer',
            description: '`tone`: milliseconds of silence after it.',
            minimum: 0,
          },
          volume: {
            type: 'integer',
            description: '`tone`: loudness.',
            minimum: 0,
            maximum: 100,
          },
          repeat: {
            type: 'integer',
            description: '`tone`: how often.',
            minimum: 1,
          },
          terminators: {
            type: 'array',
            description: '`play`, `tts`: keys that stop this item; any key when absent.',
            items: {
              type: 'string',
              description: 'One of the twelve DTMF keys.',
            },
            maxItems: 64,
          },
          loop_count: {
            type: 'integer',
            description: '`play`: how often.',
            minimum: 1,
          },
          endless_playback: {
            type: 'boolean',
            description: '`play`, `tts`: repeats until a key or hang-up.',
          },
          answer: {
            type: 'boolean',
            description: '`play`: false leaves the call unanswered.',
          },
        },
        required: ['macro'],
        requiredWhen: {
          field: 'macro',
          is: {
            tts: ['text'],
            say: ['text'],
            prompt: ['id'],
          },
        },
      },
      minItems: 1,
      maxItems: 200,
    },
    language: {
      type: 'string',
      description: 'Language of items that name none.',
    },
    terminators: {
      type: 'array',
      description: 'Keys that stop the list; any key when absent, none when empty.',
      items: {
        type: 'string',
        description: 'One of the twelve DTMF keys.',
      },
      maxItems: 64,
    },
  },
  required: ['macros'],
  differences: [
    'A `tts` item keeps its `language` when `voice` is absent, tones sound, and keys pressed meanwhile are kept; Kazoo fails in all three.',
  ],
};
