import { conditions, credentials, enabled, observedGeneration } from './common.ts';
import { AGE, conditionColumn, type Definition } from './definition.ts';
import type { ResourceField } from './field.ts';

/** A DNS name or an IP address. */
const HOST = '^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$|^\\[[0-9A-Fa-f:.]+\\]$';

const prefix = {
  type: 'string',
  description: 'The beginning of a number in E.164 form; `+` alone stands for all.',
  maxLength: 16,
  pattern: '^\\+[0-9]*$',
} as const satisfies ResourceField;

const numberFormat = {
  type: 'string',
  description:
    '`e164`: +14155550100. `withoutPlus`: 14155550100. `national`: 4155550100, for numbers of `countryCode`; others as `e164`.',
  enum: ['e164', 'withoutPlus', 'national'],
  default: 'e164',
} as const satisfies ResourceField;

const spec = {
  type: 'object',
  description: 'How calls go out to the carrier and come in from it.',
  properties: {
    servers: {
      type: 'array',
      description:
        'Servers of the carrier. The lowest priority is tried first; those of one priority share calls by weight (as RFC 2782).',
      minItems: 1,
      maxItems: 16,
      listType: 'atomic',
      items: {
        type: 'object',
        description: 'One server.',
        properties: {
          host: {
            type: 'string',
            description: 'DNS name or IP address. A name without `port` is looked up by NAPTR and SRV (RFC 3263).',
            minLength: 1,
            maxLength: 253,
            pattern: HOST,
          },
          port: {
            type: 'integer',
            description: 'Port. Found by DNS when absent, else 5060 (tls: 5061).',
            minimum: 1,
            maximum: 65_535,
          },
          transport: { type: 'string', description: 'Transport.', enum: ['udp', 'tcp', 'tls'], default: 'udp' },
          priority: {
            type: 'integer',
            description: 'The lowest is tried first.',
            minimum: 0,
            maximum: 65_535,
            default: 10,
          },
          weight: {
            type: 'integer',
            description: 'Share of the calls among servers of the same priority.',
            minimum: 0,
            maximum: 65_535,
            default: 10,
          },
        },
        required: ['host'],
      },
    },
    credentials: { ...credentials, description: 'With what to answer when the carrier asks for authentication.' },
    registration: {
      type: 'object',
      description: 'Registers with the carrier, so that it sends calls here. One worker at a time does it.',
      properties: {
        expiresSeconds: {
          type: 'integer',
          description: 'Seconds that a registration is asked for.',
          minimum: 60,
          maximum: 86_400,
          default: 3600,
        },
        contactUser: {
          type: 'string',
          description: 'User part of the address that is registered. The user name when absent.',
          minLength: 1,
          maxLength: 64,
        },
      },
    },
    fromDomain: {
      type: 'string',
      description: 'Domain in the From header. That of the server when absent.',
      minLength: 1,
      maxLength: 253,
      pattern: HOST,
    },
    callerId: {
      type: 'object',
      description: 'Numbers that calls through this trunk may show.',
      properties: {
        default: {
          type: 'string',
          description: "Shown when the caller's own number is not allowed; in E.164 form.",
          maxLength: 16,
          pattern: '^\\+[1-9][0-9]{1,14}$',
        },
        allowedPrefixes: {
          type: 'array',
          description: 'Numbers that may be shown, by how they begin. All when absent.',
          maxItems: 64,
          listType: 'set',
          items: prefix,
        },
      },
    },
    calledFormat: {
      ...numberFormat,
      description: `How the called number is written to the carrier. ${numberFormat.description}`,
    },
    callerFormat: {
      ...numberFormat,
      description: `How the caller's number is written to the carrier. ${numberFormat.description}`,
    },
    countryCode: {
      type: 'string',
      description:
        'Country code of national numbers, without plus: `1`, `44`. Incoming national numbers are completed with it.',
      maxLength: 3,
      pattern: '^[1-9][0-9]{0,2}$',
    },
    allowedPrefixes: {
      type: 'array',
      description: 'Numbers that may be called through this trunk, by how they begin. All when absent.',
      maxItems: 256,
      listType: 'set',
      items: prefix,
    },
    inbound: {
      type: 'object',
      description: 'Calls from the carrier. None are taken from it when absent.',
      properties: {
        addresses: {
          type: 'array',
          description:
            'Addresses and networks that its calls come from: `192.0.2.10`, `192.0.2.0/24`, `2001:db8::/32`.',
          minItems: 1,
          maxItems: 64,
          listType: 'set',
          items: {
            type: 'string',
            description: 'An IP address or a network in CIDR notation.',
            maxLength: 49,
            format: 'network',
          },
        },
      },
      required: ['addresses'],
    },
    health: {
      type: 'object',
      description: 'Asks each server by OPTIONS whether it is there, and leaves it out while it is not.',
      properties: {
        intervalSeconds: {
          type: 'integer',
          description: 'Seconds between two questions.',
          minimum: 5,
          maximum: 3600,
          default: 30,
        },
        failures: {
          type: 'integer',
          description: 'Failures in a row after which a server is left out.',
          minimum: 1,
          maximum: 20,
          default: 3,
        },
      },
    },
    failoverMs: {
      type: 'integer',
      description:
        'Milliseconds without any answer after which the next server is tried. It is also tried after 5xx, never after busy.',
      minimum: 500,
      maximum: 32_000,
      default: 4000,
    },
    maxCalls: {
      type: 'integer',
      description: 'Calls at the same time, in and out, on each worker. No limit of its own when absent.',
      minimum: 1,
      maximum: 100_000,
    },
    enabled,
  },
  required: ['servers'],
  presence: [
    { field: 'registration', needs: ['credentials'], message: '"registration" needs "credentials"' },
    ...(['calledFormat', 'callerFormat'] as const).map((field) => ({
      field,
      is: 'national',
      needs: ['countryCode'],
      message: `the ${field} "national" needs "countryCode"`,
    })),
  ],
} as const satisfies ResourceField;

export const pivotTrunk = {
  kind: 'PivotTrunk',
  plural: 'pivottrunks',
  shortName: 'ptr',
  scope: 'Namespaced',
  description:
    'A carrier: where calls of its namespace to the telephone network go out, and where calls come in from. `registration` and `health` are checked and kept, and nothing acts on them yet.',
  spec,
  status: {
    type: 'object',
    description: 'Written by the operator.',
    properties: {
      observedGeneration,
      conditions,
      servers: {
        type: 'array',
        description: 'What workers saw of each server.',
        maxItems: 16,
        listType: 'atomic',
        items: {
          type: 'object',
          description: 'One server.',
          properties: {
            server: { type: 'string', description: 'HOST or HOST:PORT.', maxLength: 260 },
            healthy: { type: 'boolean', description: 'Whether it answers.' },
            message: { type: 'string', description: 'What it last said when it did not.', maxLength: 1024 },
          },
          required: ['server', 'healthy'],
        },
      },
    },
  },
  conditions: [
    { type: 'Accepted', meaning: 'The spec is valid.' },
    { type: 'ResolvedRefs', meaning: 'Its Secret exists and has the key.' },
    { type: 'Registered', meaning: 'The carrier has accepted the registration. Absent without `registration`.' },
    { type: 'Healthy', meaning: 'At least one server answers.' },
  ],
  columns: [
    {
      name: 'Server',
      description: 'The first server of the carrier.',
      type: 'string',
      jsonPath: '.spec.servers[0].host',
    },
    conditionColumn('Accepted'),
    conditionColumn('Registered'),
    conditionColumn('Healthy'),
    conditionColumn('ResolvedRefs', true),
    AGE,
  ],
  example: `apiVersion: pivot.voice/v1alpha1
kind: PivotTrunk
metadata: {name: carrier, namespace: acme}
spec:
  servers:
    - {host: sip1.carrier.example, transport: tls, priority: 1}
    - {host: sip2.carrier.example, transport: tls, priority: 2}
  credentials: {username: acme, passwordSecretRef: {name: carrier, key: password}}
  registration: {expiresSeconds: 600}
  callerId: {default: "+14155550100", allowedPrefixes: ["+1415555"]}
  allowedPrefixes: ["+1", "+44"]
  inbound: {addresses: [192.0.2.0/24]}
  maxCalls: 30
`,
} as const satisfies Definition;
