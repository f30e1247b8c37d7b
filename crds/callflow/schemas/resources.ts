import type { ModuleSchema } from '../schema.ts';

export const resources: ModuleSchema = {
  module: 'resources',
  summary: 'Calls out through carriers.',
  answers: 'no',
  children: {
    kind: 'failures',
    fallsBack: false,
  },
  fields: {
    to_did: {
      type: 'string',
      description: 'Number to call; the dialled number when absent.',
    },
    use_local_resources: {
      type: 'boolean',
      description: "Uses the account's own carriers (true) or those of the system (false).",
      default: true,
    },
    timeout: {
      type: 'integer',
      description: 'Seconds to wait for an answer.',
      minimum: 0,
    },
    caller_id_type: {
      type: 'string',
      description: 'Which configured caller id goes out: `internal`, `external`, `emergency` or one of your own.',
      default: 'external',
    },
    outbound_flags: {
      type: 'array',
      description: 'Flags that a carrier must all have to be used.',
      items: {
        type: 'string',
        description: 'A flag.',
      },
      default: [],
    },
    dynamic_flags: {
      type: 'array',
      description: 'Flags whose names are taken from properties of the call.',
      items: {
        type: 'string',
        description: 'A property such as `zone`.',
      },
    },
    bypass_e164: {
      type: 'boolean',
      description: 'Dials the number without bringing it into E.164 form.',
    },
    do_not_normalize: {
      type: 'boolean',
      description: 'Dials the number exactly as it is.',
    },
    ignore_early_media: {
      type: 'boolean',
      description: "Keeps the far end's sound from the caller until it answers.",
      default: false,
    },
    ringback: {
      type: 'string',
      description: 'What the caller hears while the far end rings: a media name, URL or tone.',
      format: 'media',
    },
    media: {
      type: 'string',
      description: 'How sound passes between the two legs.',
    },
    hunt_account_id: {
      type: 'string',
      description: 'Account whose carriers are used.',
      minLength: 1,
      maxLength: 253,
    },
    resource_type: {
      type: 'string',
      description: 'Kind of carrier; audio when absent.',
    },
    format_from_uri: {
      type: 'boolean',
      description: "Builds the From header from the account's realm.",
    },
    from_uri_realm: {
      type: 'string',
      description: 'Host of the From header.',
    },
    emit_account_id: {
      type: 'boolean',
      description: 'Adds the header X-Account-ID.',
    },
    custom_sip_headers: {
      type: 'object',
      description: 'Headers added to the INVITE: name to text, or two such objects under `in` and `out`.',
    },
  },
  differences: [
    'The trunks of the call’s own namespace are used, whatever `use_local_resources` and `hunt_account_id` say; flags have no effect, with a warning.',
    'Without `timeout` it rings for 180 s at most.',
  ],
};
