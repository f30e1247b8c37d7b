import { plainStatus, URL_LENGTH } from './common.ts';
import { AGE, conditionColumn, type Definition } from './definition.ts';

export const pivotMedia = {
  kind: 'PivotMedia',
  plural: 'pivotmedia',
  shortName: 'pmd',
  scope: 'Namespaced',
  description:
    'A sound with a name: a file to fetch, or a text to speak. Callflows and TwiML of its namespace play it by that name.',
  spec: {
    type: 'object',
    description: 'Where the sound comes from.',
    properties: {
      url: {
        type: 'string',
        description: 'URL of a wav or mp3 file. It is fetched when first played, then kept as its headers allow.',
        format: 'url',
        maxLength: URL_LENGTH,
      },
      text: { type: 'string', description: 'Text to speak.', minLength: 1, maxLength: 4000 },
      voice: {
        type: 'string',
        description:
          "Voice that speaks `text`: man, woman, male, female, alice, or a name of the engine. The worker's own when absent.",
        minLength: 1,
        maxLength: 128,
      },
      language: {
        type: 'string',
        description: "Language of `text` (BCP 47, `en-GB`). The worker's own when absent.",
        maxLength: 35,
        pattern: '^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$',
      },
      engine: {
        type: 'string',
        description:
          "Engine that speaks `text`: flite, espeak, or one that the worker is configured with. The worker's own when absent.",
        minLength: 1,
        maxLength: 64,
      },
    },
    presence: [
      {
        exactlyOne: ['url', 'text'],
        message: 'give either "url" (a file) or "text" (to speak), exactly one of the two',
      },
      { field: 'voice', needs: ['text'], message: '"voice" goes with "text"' },
      { field: 'language', needs: ['text'], message: '"language" goes with "text"' },
      { field: 'engine', needs: ['text'], message: '"engine" goes with "text"' },
    ],
  },
  status: plainStatus,
  conditions: [{ type: 'Accepted', meaning: 'The spec is valid.' }],
  columns: [
    { name: 'URL', description: 'The file.', type: 'string', jsonPath: '.spec.url' },
    { name: 'Text', description: 'The text to speak.', type: 'string', jsonPath: '.spec.text', wide: true },
    conditionColumn('Accepted'),
    AGE,
  ],
  example: `apiVersion: pivot.voice/v1alpha1
kind: PivotMedia
metadata: {name: sorry, namespace: acme}
spec:
  text: We cannot take your call right now. Please try again later.
  language: en-GB
`,
} as const satisfies Definition;
