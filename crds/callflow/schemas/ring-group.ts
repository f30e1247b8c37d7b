import type { ModuleSchema } from '../schema.ts';
import { ENDPOINT, RINGTONES } from '../shared-fields.ts';

export const ringGroup: ModuleSchema = {
  module: 'ring_group',
  summary: 'Rings several endpoints.',
  answers: 'no',
  children: {
    kind: 'failures',
    fallsBack: true,
  },
  fields: {
    endpoints: {
      type: 'array',
      description: 'Whom to ring.',
      items: {
        ...ENDPOINT,
        properties: {
          ...ENDPOINT.properties,
          weight: {
            type: 'integer',
            description: 'Chance of being rung early with `weighted_random`; 20 when absent.',
            minimum: 1,
            maximum: 100,
          },
          disable_until: {
            type: 'integer',
            description: 'Seconds since the year 0 until which this endpoint is left out.',
            minimum: 0,
          },
        },
      },
      minItems: 1,
    },
    strategy: {
      type: 'string',
      description: 'All at once, one after the other, or in an order by chance.',
      enum: ['simultaneous', 'single', 'weighted_random'],
      default: 'simultaneous',
    },
    timeout: {
      type: 'integer',
      description: 'Seconds of one round.',
      minimum: 0,
      default: 20,
    },
    repeats: {
      type: 'integer',
      description: 'Rounds.',
      minimum: 1,
      default: 1,
    },
    ignore_forward: {
      type: 'boolean',
      description: 'Does not follow forwarding (SIP 302).',
      default: true,
    },
    ringback: {
      type: 'string',
      description: 'What the caller hears meanwhile.',
      format: 'media',
    },
    ringtones: {
      type: 'object',
      description: 'Ring tones of the endpoints.',
      properties: RINGTONES,
    },
    fail_on_single_reject: {
      type: 'boolean',
      description: 'One rejecting leg ends the round.',
    },
  },
  required: ['endpoints'],
  differences: [
    'Members of the kind `group` are left out with a warning.',
    '`weighted_random` rings one after the other in an order by chance; in Kazoo nobody rings.',
    'A child `NO_ANSWER` is taken when nobody answers in time.',
  ],
};
