import type { ModuleSchema } from '../schema.ts';
import { nameField } from '../shared-fields.ts';

export const device: ModuleSchema = {
  module: 'device',
  summary: 'Rings one device.',
  answers: 'no',
  children: {
    kind: 'failures',
    fallsBack: true,
  },
  fields: {
    id: nameField('Name of the device.', 'PivotDevice'),
    timeout: {
      type: 'integer',
      description: 'Seconds the device rings; 0 means 20.',
      minimum: 0,
      default: 0,
    },
    delay: {
      type: 'integer',
      description: 'Seconds to wait before it rings.',
      minimum: 0,
      default: 0,
    },
    dial_strategy: {
      type: 'string',
      description: 'Order of ringing when the device stands for several.',
      enum: ['simultaneous', 'single'],
      default: 'simultaneous',
    },
    can_call_self: {
      type: 'boolean',
      description: 'Lets the device call its own owner.',
    },
    can_text_self: {
      type: 'boolean',
      description: 'Concerns messages only.',
    },
    static_invite: {
      type: 'string',
      description: 'User part of the request URI.',
    },
    suppress_clid: {
      type: 'boolean',
      description: 'Hides the caller id from the device.',
    },
    fail_on_single_reject: {
      type: 'boolean',
      description: 'One rejecting leg ends the attempt.',
    },
    custom_sip_headers: {
      type: 'object',
      description: 'Headers added to the INVITE: name to text, or two such objects under `in` and `out`.',
    },
  },
  differences: [
    'A child `NO_ANSWER` is taken when nobody answers in time; one that has not registered fails with `USER_NOT_REGISTERED` and `sip:480`.',
  ],
};
