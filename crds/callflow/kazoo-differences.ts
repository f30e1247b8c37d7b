import type { JsonObject } from './node.ts';

/** A refusal of Kazoo's that we do not share, with why. `docs/callflow-reference.md` lists them. */
export interface Difference {
  readonly module: string;
  readonly data: JsonObject;
  readonly kazoo: string;
  readonly here: string;
}

const NUMBER_AS_TEXT = 'Numbers written as text are converted, with a warning.';
const RESOURCE_NAME = 'Ids are resource names of 1 to 253 characters.';

/** Every example of `testdata/module-examples.json` whose verdict is not Kazoo's, in the order of the examples. */
export const KAZOO_DIFFERENCES: readonly Difference[] = [
  { module: 'collect_dtmf', data: { timeout: '5000' }, kazoo: 'integer expected', here: NUMBER_AS_TEXT },
  { module: 'conference', data: { id: 'standup' }, kazoo: 'id must be exactly 32 characters', here: RESOURCE_NAME },
  {
    module: 'device',
    data: { id: 'desk-101', timeout: '25' },
    kazoo: 'timeout must be an integer',
    here: NUMBER_AS_TEXT,
  },
  { module: 'dynamic_cid', data: { min_digits: '10' }, kazoo: 'min_digits must be an integer', here: NUMBER_AS_TEXT },
  { module: 'menu', data: { interdigit_timeout: '1500' }, kazoo: 'integer expected', here: NUMBER_AS_TEXT },
  { module: 'offnet', data: { timeout: '30' }, kazoo: 'integer expected', here: NUMBER_AS_TEXT },
  { module: 'response', data: { code: '486' }, kazoo: 'integer expected', here: NUMBER_AS_TEXT },
  { module: 'voicemail', data: { id: '1001' }, kazoo: 'id must be exactly 32 characters', here: RESOURCE_NAME },
];
