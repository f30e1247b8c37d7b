import type { ModuleSchema } from '../schema.ts';

export const conferenceFeature: ModuleSchema = {
  module: 'conference_feature',
  summary: 'Sends the caller to the conference whose name the dialled number captured.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    id: {
      type: 'string',
      description: 'Ignored: the captured text is the name.',
      minLength: 1,
      maxLength: 253,
    },
    config: {
      type: 'object',
      description: 'An ad-hoc conference, described in place of a `PivotConference`.',
      properties: {
        name: {
          type: 'string',
          description: 'Name of the conference; calls that give the same name meet.',
          minLength: 1,
          maxLength: 128,
        },
        max_participants: {
          type: 'integer',
          description: 'Callers that may take part at once.',
          minimum: 1,
        },
        owner_id: {
          type: 'string',
          description: 'User who owns the conference.',
          minLength: 1,
          maxLength: 253,
        },
        conference_numbers: {
          type: 'array',
          description: 'Numbers that callers key in to choose this conference.',
          items: {
            type: 'string',
            description: 'Digits.',
            pattern: '^[0-9]+$',
          },
        },
        require_moderator: {
          type: 'boolean',
          description: 'Members wait until a moderator has joined.',
        },
        wait_for_moderator: {
          type: 'boolean',
          description: 'Members wait until a moderator has joined.',
        },
        play_name: {
          type: 'boolean',
          description: 'Announces who joins.',
        },
        play_welcome: {
          type: 'boolean',
          description: 'Greets who joins.',
        },
        play_entry_tone: {
          type: ['boolean', 'string'],
          description: 'Tone when somebody joins: on, off, or which one.',
        },
        play_exit_tone: {
          type: ['boolean', 'string'],
          description: 'Tone when somebody leaves: on, off, or which one.',
        },
        member: {
          type: 'object',
          description: 'What holds for members.',
          properties: {
            join_muted: {
              type: 'boolean',
              description: 'Members join muted.',
              default: true,
            },
            join_deaf: {
              type: 'boolean',
              description: 'Members join without hearing the others.',
              default: false,
            },
            numbers: {
              type: 'array',
              description: 'Numbers that members dial.',
              items: {
                type: 'string',
                description: 'Digits.',
                pattern: '^[0-9]+$',
              },
            },
            pins: {
              type: 'array',
              description: 'PINs that make a caller a member.',
              items: {
                type: 'string',
                description: 'Digits.',
                pattern: '^[0-9]+$',
                writeOnly: true,
              },
            },
          },
        },
        moderator: {
          type: 'object',
          description: 'What holds for moderators.',
          properties: {
            join_muted: {
              type: 'boolean',
              description: 'Moderators join muted.',
              default: false,
            },
            join_deaf: {
              type: 'boolean',
              description: 'Moderators join without hearing the others.',
              default: false,
            },
            numbers: {
              type: 'array',
              description: 'Numbers that moderators dial.',
              items: {
                type: 'string',
                description: 'Digits.',
                pattern: '^[0-9]+$',
              },
            },
            pins: {
              type: 'array',
              description: 'PINs that make a caller a moderator.',
              items: {
                type: 'string',
                description: 'Digits.',
                pattern: '^[0-9]+$',
                writeOnly: true,
              },
            },
          },
        },
      },
    },
    moderator: {
      type: 'boolean',
      description: 'Makes the caller a moderator (true) or a member (false), whatever PIN they key in.',
    },
    play_entry_tone: {
      type: ['boolean', 'string'],
      description: 'Tone when the caller joins: on, off, or which one.',
    },
    play_exit_tone: {
      type: ['boolean', 'string'],
      description: 'Tone when the caller leaves: on, off, or which one.',
    },
    welcome_prompt: {
      type: 'object',
      description: 'Greeting before the caller joins.',
      properties: {
        media_id: {
          type: 'string',
          description: 'Media or URL in place of the built-in greeting.',
          format: 'media',
        },
        play: {
          type: 'boolean',
          description: 'Whether the greeting is played.',
          default: true,
        },
      },
    },
  },
  differences: ['`id` is a resource name of 1 to 253 characters; Kazoo wants exactly 32.'],
};
