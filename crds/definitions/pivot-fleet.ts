import { conditions, LABEL, observedGeneration } from './common.ts';
import { AGE, conditionColumn, type Definition } from './definition.ts';
import type { ResourceField } from './field.ts';

const destination = {
  type: 'string',
  description: 'An IP address, a network in CIDR notation, or a host name (`*.example.com` for all below it).',
  minLength: 1,
  maxLength: 253,
  format: 'destination',
} as const satisfies ResourceField;

const spec = {
  type: 'object',
  description: 'What the platform team decides for all accounts.',
  properties: {
    baseDomain: {
      type: 'string',
      description: 'A call to `NUMBER@NAMESPACE.baseDomain` belongs to the account NAMESPACE.',
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    },
    defaultAccount: {
      type: 'string',
      description: 'Account of calls that name no other.',
      minLength: 1,
      maxLength: 63,
      pattern: LABEL,
      default: 'default',
    },
    numberRights: {
      type: 'array',
      description:
        'Which namespaces may claim numbers in E.164 form. The longest prefix that a number begins with decides; a number that none fits may be claimed by every namespace, so an entry `+` with no namespaces closes the rest.',
      maxItems: 256,
      listType: 'map',
      listMapKeys: ['prefix'],
      items: {
        type: 'object',
        description: 'The rights to one prefix.',
        properties: {
          prefix: {
            type: 'string',
            description: 'The beginning of numbers in E.164 form; `+` stands for all of them.',
            maxLength: 16,
            pattern: '^\\+[0-9]*$',
          },
          namespaces: {
            type: 'array',
            description: 'Namespaces that may claim such numbers; `*` stands for all.',
            maxItems: 128,
            listType: 'set',
            items: {
              type: 'string',
              description: 'Name of a namespace, or `*`.',
              minLength: 1,
              maxLength: 63,
              pattern: '^(\\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$',
            },
          },
        },
        required: ['prefix', 'namespaces'],
      },
    },
    limits: {
      type: 'object',
      description: 'Limits of every worker.',
      properties: {
        callsPerWorker: {
          type: 'integer',
          description: 'Calls at the same time on one worker; further ones get 503 with Retry-After.',
          minimum: 1,
          maximum: 10_000,
          default: 200,
        },
        callSeconds: {
          type: 'integer',
          description: 'Seconds after which a call is ended. No limit when absent.',
          minimum: 60,
          maximum: 604_800,
        },
      },
    },
    outgoing: {
      type: 'object',
      description:
        'Where workers may send requests: webhooks, sounds, uploads. Loopback and link-local addresses are always refused.',
      properties: {
        allowPrivate: {
          type: 'boolean',
          description: 'Allows private addresses (RFC 1918, RFC 4193), such as those of the cluster.',
          default: true,
        },
        allow: {
          type: 'array',
          description: 'Allowed although another rule refuses it.',
          maxItems: 64,
          listType: 'set',
          items: destination,
        },
        deny: { type: 'array', description: 'Refused.', maxItems: 64, listType: 'set', items: destination },
      },
    },
    traceUrl: {
      type: 'string',
      description:
        'Where people see the trace of a call; `{traceId}` is replaced: `https://jaeger.example.com/trace/{traceId}`. Shown in statuses.',
      maxLength: 2048,
      pattern: '^https?://[^\\s]*\\{traceId\\}[^\\s]*$',
    },
  },
} as const satisfies ResourceField;

const count = (description: string) => ({ type: 'integer', description, minimum: 0 }) as const satisfies ResourceField;

const status = {
  type: 'object',
  description: 'Written by the operator.',
  properties: {
    observedGeneration,
    conditions,
    table: {
      type: 'object',
      description: 'The routing table that the operator serves.',
      properties: {
        version: { type: 'string', description: 'Hash of its content.', maxLength: 64 },
        numbers: count('Numbers and patterns in it.'),
        callflows: count('Callflows in it.'),
      },
      required: ['version'],
    },
    counts: {
      type: 'object',
      description: 'All workers together.',
      properties: {
        workers: count('Connected workers.'),
        ready: count('Workers that take calls.'),
        draining: count('Workers that end their calls and take no more.'),
        calls: count('Calls in progress.'),
      },
      required: ['workers', 'ready', 'draining', 'calls'],
    },
    workers: {
      type: 'array',
      description: 'Each connected worker; at most 1000 are listed.',
      maxItems: 1000,
      listType: 'map',
      listMapKeys: ['name'],
      items: {
        type: 'object',
        description: 'One worker.',
        properties: {
          name: { type: 'string', description: 'Name of its pod.', maxLength: 253 },
          ready: { type: 'boolean', description: 'Whether it takes calls.' },
          draining: { type: 'boolean', description: 'Whether it ends its calls and takes no more.' },
          calls: count('Calls in progress.'),
          version: { type: 'string', description: 'Version of the routing table that it has.', maxLength: 64 },
          message: { type: 'string', description: 'Why it is not ready, or what it refused.', maxLength: 1024 },
        },
        required: ['name', 'ready', 'draining', 'calls'],
      },
    },
  },
} as const satisfies ResourceField;

export const pivotFleet = {
  kind: 'PivotFleet',
  plural: 'pivotfleets',
  shortName: 'pfl',
  scope: 'Cluster',
  description:
    'The media workers of the cluster, and what the platform team decides for all accounts. One counts: the one that the operator is started with, `default` unless it says otherwise; the chart makes it.',
  spec,
  status,
  conditions: [
    { type: 'Accepted', meaning: 'The spec is valid, and it is the fleet that counts.' },
    { type: 'Programmed', meaning: 'Every ready worker has the present routing table.' },
  ],
  columns: [
    { name: 'Workers', description: 'Connected workers.', type: 'integer', jsonPath: '.status.counts.workers' },
    { name: 'Ready', description: 'Workers that take calls.', type: 'integer', jsonPath: '.status.counts.ready' },
    {
      name: 'Draining',
      description: 'Workers that take no more calls.',
      type: 'integer',
      jsonPath: '.status.counts.draining',
    },
    { name: 'Calls', description: 'Calls in progress.', type: 'integer', jsonPath: '.status.counts.calls' },
    { name: 'Table', description: 'Version of the routing table.', type: 'string', jsonPath: '.status.table.version' },
    conditionColumn('Accepted', true),
    conditionColumn('Programmed', true),
    AGE,
  ],
  example: `apiVersion: pivot.voice/v1alpha1
kind: PivotFleet
metadata: {name: default}
spec:
  baseDomain: voice.example.com
  defaultAccount: lobby
  numberRights:
    - {prefix: "+1415555", namespaces: [acme]}
    - {prefix: "+", namespaces: []}
  limits: {callsPerWorker: 200}
  traceUrl: https://jaeger.example.com/trace/{traceId}
`,
} as const satisfies Definition;
