import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

it('language: sets the language of the call, in lower case, for speech and later requests', async () => {
  const { call, log } = await runFlow(chain(['language', { language: 'fr-CA' }], ['tts', { text: 'Bonjour' }]));
  assert.equal(call.memory.language, 'fr-ca');
  assert.equal(call.facts().language, 'fr-ca');
  const played = log.find((done) => done.did === 'play');
  assert.ok(played?.did === 'play' && played.sound.kind === 'speech' && played.sound.language === 'fr-ca');
});
