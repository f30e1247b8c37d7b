/** Sounds with a name (PivotMedia): callflows and TwiML play them by it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from './harness.ts';
import { join, silence, sine, wavBytes } from './peers/sound.ts';
import { startWeb, twiml, type Web, wav } from './web.ts';

describe('a PivotMedia', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    web.on('/jingle.wav', wav(wavBytes(join(silence(100), sine(880, 800)))));
    web.on('/voice', twiml('<Play>jingle</Play>'));
    pivot = await startPivot({
      manifests: {
        'jingle.yaml': media('jingle', { url: `${web.url}/jingle.wav` }),
        'play.yaml': callflowManifest('play', ['1'], { flow: { module: 'play', data: { id: 'jingle' } } }),
        'twiml.yaml': pivotManifest('twiml', ['2'], `${web.url}/voice`),
        'elsewhere.yaml': { ...media('private', { text: 'Hello' }), metadata: { name: 'private', namespace: 'other' } },
        'theirs.yaml': callflowManifest('theirs', ['3'], { flow: { module: 'play', data: { id: 'private' } } }),
      },
    });
    phones = await createPhones();
  });
  after(async () => {
    await phones?.close();
    await pivot?.stop();
    await pivot?.dispose();
    await web?.close();
  });

  for (const [number, who] of [
    ['1', 'a callflow'],
    ['2', 'TwiML'],
  ] as const) {
    test(`is played by ${who}`, async () => {
      const { phone } = await pivot.call(phones, number);
      await phone.ear.untilTone(880);
      await phone.ended;
    });
  }

  test('of another namespace is not known', async () => {
    const { trace } = await pivot.call(phones, '3');
    await trace.root;
    assert.match(JSON.stringify(trace.events), /PV-1508/);
    await pivot.program.line(/PV-1023 play: there is no PivotMedia "private" in default/);
  });

  test('that changes is played as it is now', async () => {
    web.on('/other.wav', wav(wavBytes(join(silence(100), sine(440, 800)))));
    const since = pivot.program.lines.length;
    pivot.manifest('jingle.yaml', media('jingle', { url: `${web.url}/other.wav` }));
    await pivot.program.line(/^table /, since);
    const { phone } = await pivot.call(phones, '1');
    await phone.ear.untilTone(440);
    await phone.ended;
  });
});

function media(name: string, spec: object): object {
  return { apiVersion: 'pivot.voice/v1alpha1', kind: 'PivotMedia', metadata: { name }, spec };
}
