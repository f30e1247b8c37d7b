import type { ModuleSchema } from '../schema.ts';
import { nameField } from '../shared-fields.ts';

export const user: ModuleSchema = {
  module: 'user',
  summary: 'Rings all devices of a user.',
  answers: 'no',
  children: {
    kind: 'failures',
    fallsBack: true,
  },
  fields: {
    id: nameField('Name of the user.', 'PivotUser'),
    timeout: {
      type: 'integer',
      description: 'Seconds to ring.',
      minimum: 0,
      default: 20,
    },
    delay: {
      type: 'integer',
      description: 'Seconds to wait before the devices ring.',
      minimum: 0,
      default: 0,
    },
    strategy: {
      type: 'string',
      description: 'All at once, or one after the other.',
      enum: ['simultaneous', 'single'],
      default: 'simultaneous',
    },
    can_call_self: {
      type: 'boolean',
      description: 'Lets the user call themselves.',
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
      description: 'Hides the caller id.',
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
    'The PivotUser’s own `ringStrategy` counts unless `strategy` is `single`.',
    'A child `NO_ANSWER` is taken when nobody answers in time.',
  ],
};
