import { callerId, dialled, enabled, nameOf, plainStatus } from './common.ts';
import { AGE, conditionColumn, type Definition } from './definition.ts';

export const pivotUser = {
  kind: 'PivotUser',
  plural: 'pivotusers',
  shortName: 'pus',
  scope: 'Namespaced',
  description: 'A person with one or more telephones, who can be called by name.',
  spec: {
    type: 'object',
    description: 'How the person is reached.',
    properties: {
      name: { type: 'string', description: 'Name for people.', minLength: 1, maxLength: 128 },
      devices: {
        type: 'array',
        description: 'Telephones of the person, in the order in which they ring one after the other.',
        maxItems: 32,
        listType: 'set',
        items: nameOf('PivotDevice'),
      },
      ringStrategy: {
        type: 'string',
        description: 'All telephones at once, or one after the other.',
        enum: ['simultaneous', 'single'],
        default: 'simultaneous',
      },
      ringSeconds: {
        type: 'integer',
        description: 'Seconds the telephones ring, each when one after the other.',
        minimum: 1,
        maximum: 600,
        default: 20,
      },
      callerId: { ...callerId, description: 'Shown when one of the telephones calls out.' },
      doNotDisturb: { type: 'boolean', description: 'Refuses calls as busy.', default: false },
      forward: {
        type: 'object',
        description: 'Sends calls elsewhere.',
        properties: {
          to: { ...dialled, description: 'Where: a number in E.164 form, or an extension of the namespace.' },
          when: {
            type: 'array',
            description: 'In which cases.',
            minItems: 1,
            maxItems: 4,
            listType: 'set',
            items: {
              type: 'string',
              description: '`unreachable`: no telephone is registered.',
              enum: ['always', 'busy', 'noAnswer', 'unreachable'],
            },
          },
          keepCallerId: { type: 'boolean', description: 'Shows the caller there, not the user.', default: true },
        },
        required: ['to', 'when'],
      },
      enabled,
    },
    presence: [
      { atLeastOne: ['devices', 'forward'], message: 'a user has "devices", or a "forward" to somewhere else' },
    ],
  },
  status: plainStatus,
  conditions: [
    { type: 'Accepted', meaning: 'The spec is valid.' },
    { type: 'ResolvedRefs', meaning: 'All its devices exist.' },
  ],
  columns: [
    { name: 'Name', description: 'Name for people.', type: 'string', jsonPath: '.spec.name' },
    { name: 'Devices', description: 'Telephones of the person.', type: 'string', jsonPath: '.spec.devices' },
    conditionColumn('Accepted'),
    conditionColumn('ResolvedRefs', true),
    AGE,
  ],
  example: `apiVersion: pivot.voice/v1alpha1
kind: PivotUser
metadata: {name: ann, namespace: acme}
spec:
  name: Ann Example
  devices: [desk-101, mobile-101]
  ringStrategy: simultaneous
  callerId: {number: "+14155550101"}
`,
} as const satisfies Definition;
