import type { ModuleSchema } from '../schema.ts';

export const routeToCid: ModuleSchema = {
  module: 'route_to_cid',
  summary: 'Rings whoever has the dialled number as caller id.',
  answers: 'no',
  children: {
    kind: 'failures',
    fallsBack: true,
  },
  fields: {
    cid_types: {
      type: 'array',
      description: 'Kinds of caller id that count.',
      items: {
        type: 'string',
        description: 'A kind, such as `internal`.',
      },
      minItems: 1,
      default: ['internal'],
    },
    endpoint_types: {
      type: 'array',
      description: 'Kinds of endpoints that count; all when empty.',
      items: {
        type: 'string',
        description: '`user` or `device`.',
      },
      default: [],
    },
    timeout: {
      type: 'integer',
      description: 'Seconds to ring; 0 means 20.',
      minimum: 0,
      default: 0,
    },
    delay: {
      type: 'integer',
      description: 'Accepted and not used.',
      minimum: 0,
      default: 0,
    },
    can_call_self: {
      type: 'boolean',
      description: 'Lets a device call its own owner.',
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
  },
};
