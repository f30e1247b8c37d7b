import { CALLFLOW_LIMITS } from '../callflow/limits.ts';
import { conditions, observedGeneration } from './common.ts';
import { AGE, conditionColumn, type Definition } from './definition.ts';
import type { ResourceField } from './field.ts';
import { pivotSettings } from './pivot-settings.ts';

/** How many numbers and patterns one callflow may claim, each. */
const CLAIMS = 256;
/** Characters of a number as it is written (Kazoo's limit). */
const NUMBER_LENGTH = 36;

const TREE = `At most ${CALLFLOW_LIMITS.bytes / 1024} KiB of JSON and ${CALLFLOW_LIMITS.nodes} actions; checked by the operator, which tells in the condition Accepted.`;

const spec = {
  type: 'object',
  description: 'What the callflow answers, and how.',
  properties: {
    numbers: {
      type: 'array',
      description:
        'Numbers and extensions that it answers. `+14155550100` (E.164) is unique in the cluster, any other in the namespace; `no_match` takes what no other callflow of the namespace takes.',
      maxItems: CLAIMS,
      listType: 'set',
      items: {
        type: 'string',
        description: 'A number, an extension, or `no_match`.',
        maxLength: NUMBER_LENGTH,
        checkedBy: 'compile',
        rules: [
          {
            rule: "!self.startsWith('+') || self.matches('^\\\\+[\\\\s().-]*[1-9]([\\\\s().-]*[0-9]){1,14}[\\\\s().-]*$')",
            message: 'a number that begins with "+" must be in E.164 form: "+" and 2 to 15 digits, the first not 0',
          },
          {
            rule: "self.matches('\\\\S') && (self.matches('^[0-9*#\\\\s().+-]+$') || !self.matches('[\\\\s@:;,<>\"\\\\pC]'))",
            message: 'a number is not empty and holds no "@", ":", ";", "," or space that could not be dialled',
          },
        ],
      },
    },
    patterns: {
      type: 'array',
      description:
        'RE2 expressions over the dialled number, tried when no number fits; of several that fit, the one that captures the longest text.',
      maxItems: CLAIMS,
      listType: 'set',
      items: {
        type: 'string',
        description: 'An RE2 expression.',
        minLength: 1,
        maxLength: CALLFLOW_LIMITS.patternLength,
        format: 're2',
        checkedBy: 'compile',
      },
    },
    name: { type: 'string', description: 'Name for people.', maxLength: 256 },
    pivot: { ...pivotSettings, checkedBy: 'compile' },
    failback: {
      type: 'object',
      description: `Callflow that runs when an exchange fails; the call ends when there is none. ${TREE}`,
      content: 'action',
      checkedBy: 'compile',
    },
    flow: {
      type: 'object',
      description: `A whole callflow, in place of \`pivot\` and \`failback\`: an action with \`module\`, \`data\` and \`children\`. ${TREE}`,
      content: 'action',
      checkedBy: 'compile',
    },
  },
  rules: [
    {
      rule: 'has(self.pivot) != has(self.flow)',
      message:
        'a callflow has either "pivot" (a web server to ask) or "flow" (a whole callflow), exactly one of the two',
    },
    {
      rule: '!has(self.failback) || !has(self.flow)',
      message: '"failback" goes with "pivot"; in a "flow", use the "_" child of the pivot action',
    },
    {
      rule: 'has(self.numbers) || has(self.patterns)',
      message: 'give "numbers" or "patterns"; a callflow that only other callflows jump to says so with "numbers: []"',
    },
  ],
} as const satisfies ResourceField;

const status = {
  type: 'object',
  description: 'Written by the operator.',
  properties: {
    observedGeneration,
    conditions,
    numbers: {
      type: 'object',
      description: 'How many of the numbers and patterns that it claims it has.',
      properties: {
        owned: { type: 'integer', description: 'Numbers and patterns that it answers.', minimum: 0 },
        conflicted: { type: 'integer', description: 'Numbers and patterns that an older callflow has.', minimum: 0 },
        notPermitted: {
          type: 'integer',
          description: 'Numbers that the namespace may not claim; absent when there are none.',
          minimum: 0,
        },
      },
      required: ['owned', 'conflicted'],
    },
    conflicts: {
      type: 'array',
      description: 'Numbers that other callflows have; the first 16.',
      maxItems: 16,
      listType: 'atomic',
      items: {
        type: 'object',
        description: 'A number that another callflow has.',
        properties: {
          number: { type: 'string', description: 'The number or pattern.', maxLength: 2048 },
          ownedBy: { type: 'string', description: 'NAMESPACE/NAME of the callflow that has it.', maxLength: 317 },
        },
        required: ['number', 'ownedBy'],
      },
    },
    lastFailure: {
      type: 'object',
      description:
        'The last exchange that failed, as a worker told it. Not every one is written: at most one a minute.',
      properties: {
        time: { type: 'string', description: 'When.', format: 'date-time' },
        code: { type: 'string', description: 'Code of the error (docs/errors.md).', maxLength: 16 },
        message: { type: 'string', description: 'What happened.', maxLength: 1024 },
        traceId: { type: 'string', description: 'Trace of the call.', maxLength: 32 },
        link: {
          type: 'string',
          description: 'Where people see the trace, made of `traceUrl` of the PivotFleet.',
          maxLength: 2048,
        },
      },
      required: ['time', 'code'],
    },
  },
} as const satisfies ResourceField;

export const pivotCallflow = {
  kind: 'PivotCallflow',
  plural: 'pivotcallflows',
  shortName: 'pcf',
  scope: 'Namespaced',
  description:
    'Says which numbers it answers, and how: by asking a web server what the call does (`pivot`), or by a whole callflow (`flow`). Its namespace is the account.',
  spec,
  status,
  conditions: [
    { type: 'Accepted', meaning: 'The spec is valid, and at least one of its numbers is its own.' },
    { type: 'ResolvedRefs', meaning: 'Everything that it refers to exists: Secrets, callflows, media.' },
    { type: 'Programmed', meaning: 'Every ready worker has a routing table with this generation of it.' },
    {
      type: 'WebhookHealthy',
      meaning:
        'Exchanges with its web server succeeded lately. Written at most every 10 s when it turns, else once a minute.',
    },
  ],
  columns: [
    { name: 'Numbers', description: 'Numbers that it claims.', type: 'string', jsonPath: '.spec.numbers' },
    { name: 'URL', description: 'The web server that is asked.', type: 'string', jsonPath: '.spec.pivot.voice_url' },
    conditionColumn('Accepted'),
    conditionColumn('Programmed'),
    conditionColumn('WebhookHealthy'),
    {
      name: 'Patterns',
      description: 'Patterns that it claims.',
      type: 'string',
      jsonPath: '.spec.patterns',
      wide: true,
    },
    conditionColumn('ResolvedRefs', true),
    {
      name: 'Reason',
      description: 'Reason of the condition Accepted.',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Accepted")].reason',
      wide: true,
    },
    AGE,
  ],
  example: `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: support, namespace: acme}
spec:
  numbers: ["+14155550100", "2030"]
  pivot:
    voice_url: https://app.example.com/voice
    method: post
    req_format: twiml
    retries: {attempts: 1, when: [connect, timeout]}
    custom_request_headers:
      - {name: X-Api-Key, valueFrom: {secretKeyRef: {name: app, key: token}}}
    signing: {secretRef: {name: app, key: hmac}}
  failback: {module: play, data: {id: sorry}}
`,
} as const satisfies Definition;
