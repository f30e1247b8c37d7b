import type { ModuleSchema } from '../schema.ts';

export const park: ModuleSchema = {
  module: 'park',
  summary: 'Parks the call in a numbered slot, or takes one out.',
  answers: 'depends',
  children: {
    kind: 'values',
    what: 'the slot, or `MAX_SLOT_EXCEEDED`',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What a call dialled directly does.',
      enum: ['direct_park', 'park', 'retrieve', 'auto'],
      default: 'park',
    },
    slot: {
      type: 'string',
      description: 'Slot; the captured number, or the first free one, when absent.',
    },
    max_slot_number: {
      type: 'integer',
      description: 'Highest slot.',
      minimum: 0,
    },
    default_callback_timeout: {
      type: 'integer',
      description: 'Milliseconds the parking phone is rung; 30000 when absent.',
      minimum: 0,
    },
    default_ringback_timeout: {
      type: 'integer',
      description: 'Milliseconds until the parking phone is rung; 120000 when absent.',
      minimum: 0,
    },
    default_presence_type: {
      type: 'string',
      description: 'What the lamp of an occupied slot shows; `early` when absent.',
      enum: ['early', 'terminated', 'confirmed'],
    },
    presence_id: {
      type: 'string',
      description: 'Lamp of the slots.',
    },
    custom_presence_id: {
      type: 'boolean',
      description: 'Uses `presence_id` for every slot.',
      default: false,
    },
    slots: {
      type: 'object',
      description:
        'Settings of single slots: slot to an object with `ringback_timeout`, `callback_timeout`, `presence_id`, `presence_type`.',
      default: {},
    },
  },
};
