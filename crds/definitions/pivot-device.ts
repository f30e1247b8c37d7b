import { callerId, credentials, enabled, plainStatus } from './common.ts';
import { AGE, conditionColumn, type Definition } from './definition.ts';

export const pivotDevice = {
  kind: 'PivotDevice',
  plural: 'pivotdevices',
  shortName: 'pdv',
  scope: 'Namespaced',
  description: 'A telephone: one that registers with user name and password, or one at a fixed address.',
  spec: {
    type: 'object',
    description: 'How the telephone is known and reached.',
    properties: {
      credentials: {
        ...credentials,
        description:
          'With what the telephone registers and places calls. The user name is unique in the namespace; the realm is that of the account.',
      },
      uri: {
        type: 'string',
        description: 'Fixed SIP address of a telephone that does not register: `sip:USER@HOST:PORT;transport=tcp`.',
        maxLength: 512,
        pattern: '^sips?:[^\\s<>]+$',
      },
      callerId: { ...callerId, description: 'Shown when the telephone calls out. That of its PivotUser when absent.' },
      ringSeconds: { type: 'integer', description: 'Seconds it rings.', minimum: 1, maximum: 600, default: 20 },
      maxContacts: {
        type: 'integer',
        description: 'Registered addresses at the same time; all of them ring.',
        minimum: 1,
        maximum: 10,
        default: 3,
      },
      doNotDisturb: { type: 'boolean', description: 'Refuses calls to it as busy.', default: false },
      enabled,
    },
    presence: [
      {
        atLeastOne: ['credentials', 'uri'],
        message: 'a device has "credentials" (it registers), a "uri" (it is at a fixed address), or both',
      },
    ],
  },
  status: plainStatus,
  conditions: [
    { type: 'Accepted', meaning: 'The spec is valid, and no older device of the namespace has the same user name.' },
    { type: 'ResolvedRefs', meaning: 'Its Secret exists and has the key.' },
  ],
  columns: [
    { name: 'User', description: 'User name.', type: 'string', jsonPath: '.spec.credentials.username' },
    { name: 'URI', description: 'Fixed address.', type: 'string', jsonPath: '.spec.uri' },
    conditionColumn('Accepted'),
    conditionColumn('ResolvedRefs', true),
    AGE,
  ],
  example: `apiVersion: pivot.voice/v1alpha1
kind: PivotDevice
metadata: {name: desk-101, namespace: acme}
spec:
  credentials: {username: desk-101, passwordSecretRef: {name: phones, key: desk-101}}
  callerId: {number: "+14155550101", name: Ann}
`,
} as const satisfies Definition;
