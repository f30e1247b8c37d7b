import type { ModuleSchema } from '../schema.ts';
import { nameField, RINGTONES } from '../shared-fields.ts';

export const group: ModuleSchema = {
  module: 'group',
  summary: 'Rings a stored group.',
  answers: 'yes',
  children: {
    kind: 'failures',
    fallsBack: true,
  },
  fields: {
    id: nameField('Name of the group.'),
    timeout: {
      type: 'integer',
      description: 'Seconds to ring.',
      minimum: 0,
      default: 20,
    },
    strategy: {
      type: 'string',
      description: 'All at once, or one after the other.',
      enum: ['single', 'simultaneous'],
      default: 'simultaneous',
    },
    endpoints: {
      type: 'array',
      description: 'Members in place of those of the group.',
      items: {
        type: 'string',
        description: 'Name of a device or user.',
      },
      default: [],
    },
    repeats: {
      type: 'integer',
      description: 'Rounds, with `endpoints`.',
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
      description: 'Ring tones of the members, with `endpoints`.',
      properties: RINGTONES,
    },
    fail_on_single_reject: {
      type: 'boolean',
      description: 'One rejecting leg ends the attempt, with `endpoints`.',
    },
  },
};
