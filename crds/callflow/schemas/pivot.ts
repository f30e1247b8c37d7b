import type { ModuleSchema } from '../schema.ts';
import { secretReference } from '../shared-fields.ts';

export const pivot = {
  module: 'pivot',
  summary: 'Asks a web server what the call does next.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    voice_url: {
      type: 'string',
      description: 'URL to ask first. Required, unless `serverless` is given.',
      format: 'url',
      maxLength: 8192,
    },
    method: {
      type: 'string',
      description: 'HTTP method of the first request; upper case is accepted.',
      enum: ['get', 'post'],
      default: 'get',
      lowerCase: true,
    },
    req_format: {
      type: 'string',
      description: 'Names of the request parameters. The web server may answer in either language.',
      enum: ['kazoo', 'twiml'],
      default: 'kazoo',
    },
    req_body_format: {
      type: 'string',
      description: 'Encoding of POST bodies.',
      enum: ['form', 'json'],
      default: 'form',
    },
    req_timeout_ms: {
      type: 'integer',
      description: 'Milliseconds for one attempt as a whole.',
      minimum: 1,
      maximum: 5000,
      default: 5000,
    },
    req_timeout: {
      type: ['number', 'string'],
      description: 'Older spelling of `req_timeout_ms`, in seconds (`"5"`). Used when that is absent, with a warning.',
    },
    retries: {
      type: 'object',
      description: 'Further attempts at the same URL, before `fallback_url`.',
      properties: {
        attempts: {
          type: 'integer',
          description: 'How many.',
          minimum: 0,
          maximum: 5,
          default: 0,
        },
        on: {
          type: 'array',
          description: 'What is worth another attempt.',
          items: {
            type: 'string',
            description: '`connect`: no connection. `timeout`: no answer in time. `5xx`: an answer from 500 to 599.',
            enum: ['connect', 'timeout', '5xx'],
          },
          uniqueItems: true,
          maxItems: 3,
          default: ['connect', 'timeout', '5xx'],
        },
        when: {
          type: 'array',
          description:
            'The same as `on`, under a name that needs no quotes: `kubectl` and other readers of YAML 1.1 take a bare `on` for `true`.',
          items: {
            type: 'string',
            description: '`connect`: no connection. `timeout`: no answer in time. `5xx`: an answer from 500 to 599.',
            enum: ['connect', 'timeout', '5xx'],
          },
          uniqueItems: true,
          maxItems: 3,
        },
      },
      required: ['attempts'],
      additionalProperties: false,
    },
    fallback_url: {
      type: 'string',
      description: 'URL to ask when all attempts at `voice_url` have failed.',
      format: 'url',
      maxLength: 8192,
    },
    cdr_url: {
      type: 'string',
      description: 'URL that gets a record of the call when it has ended.',
      format: 'url',
      maxLength: 8192,
    },
    debug: {
      type: 'boolean',
      description: 'Keeps headers and bodies of requests and answers in the trace.',
      default: false,
      textual: 'boolean',
    },
    strict: {
      type: 'boolean',
      description: 'Every warning about an answer makes the exchange fail.',
      default: false,
    },
    custom_request_headers: {
      type: ['array', 'object'],
      description:
        'Headers of every request of the session: a list of `{name, value}` or `{name, valueFrom}`, or (Kazoo 5) an object of texts.',
      maxItems: 64,
      items: {
        type: 'object',
        description: 'One header.',
        properties: {
          name: {
            type: 'string',
            description: 'Name of the header.',
            minLength: 1,
            maxLength: 128,
          },
          value: {
            type: 'string',
            description: 'Value of the header.',
            maxLength: 4096,
            writeOnly: true,
          },
          valueFrom: {
            type: 'object',
            description: 'Takes the value from a Secret (manifests only).',
            properties: {
              secretKeyRef: secretReference('The Secret, in the namespace of the callflow.'),
            },
            required: ['secretKeyRef'],
            additionalProperties: false,
          },
        },
        required: ['name'],
        additionalProperties: false,
      },
    },
    signing: {
      type: 'object',
      description: 'Signs every request with a key (headers X-Twilio-Signature and X-Pivot-Signature).',
      properties: {
        secretRef: secretReference('The Secret with the key, in the namespace of the callflow.'),
      },
      required: ['secretRef'],
      additionalProperties: false,
    },
    default_action_method: {
      type: 'string',
      description: 'Method of `action` and `<Redirect>` where the verb names none; POST when absent.',
      enum: ['get', 'post'],
      lowerCase: true,
    },
    reject_code: {
      type: 'integer',
      description: 'SIP code of `<Reject>` without `reason="busy"`; 603 when absent.',
      minimum: 400,
      maximum: 699,
    },
    tls: {
      type: 'object',
      description: 'TLS towards the web server.',
      properties: {
        insecure_skip_verify: {
          type: 'boolean',
          description: 'Accepts any certificate. For tests only.',
          default: false,
        },
        ca_secret_ref: secretReference('Secret with a CA certificate (PEM) to trust.'),
      },
      additionalProperties: false,
    },
    serverless: {
      type: 'object',
      description: 'The answer itself, in place of a web server (Kazoo 5).',
      properties: {
        flow_doc: {
          type: ['string', 'object'],
          description: 'TwiML or Callflow JSON as text, or a callflow as an object.',
        },
        flow_type: {
          type: 'string',
          description: 'Language of `flow_doc`; `application/xml` when absent and `flow_doc` is text.',
          enum: ['application/json', 'application/xml', 'text/xml'],
        },
      },
      required: ['flow_doc'],
    },
  },
  differences: [
    '`req_timeout` (seconds) is read when `req_timeout_ms` is absent; Kazoo never reads it.',
    '`debug` may be the text `"true"`, as Kazoo takes it at run time.',
    '`retries`, `fallback_url`, `strict`, `signing`, `default_action_method`, `reject_code`, `tls` are ours; `custom_request_headers` and `serverless` come from Kazoo 5.',
    'In the answer of a web server a `req_timeout_ms` out of range is clamped and an unknown `method` becomes `get`, with a warning; in a manifest both are refused.',
    'In the answer of a web server references to Secrets are refused.',
  ],
} as const satisfies ModuleSchema;
