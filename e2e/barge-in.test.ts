/** Keys that are pressed while something sounds: the sound stops at once, and no key is lost. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type PhoneCall, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot } from './harness.ts';
import { startWeb, twiml, type Web } from './web.ts';

/** Issue 2: from the key to the last packet of the sound. */
const LIMIT_MS = 100;
const SOUND_LEVEL = 60;
const TONE = 'tone_stream://%(30000,0,440)';
/** Long enough to be measured well within. */
const TALK = 'I am a prompt that goes on and on, and nobody should have to hear me to the end. '.repeat(4);
const TIMES = 5;
/** Words of speech are less apart. */
const QUIET_MS = 400;

interface Key {
  readonly name: string;
  readonly by: 'rtp' | 'info';
  readonly durationMs: number;
  readonly countFrom: 'press' | 'release';
}

/** A digit of RFC 4733 has been typed when it ends: only then is its length known, and FreeSWITCH tells it then. */
const KEYS: readonly Key[] = [
  { name: 'the shortest key (40 ms)', by: 'rtp', durationMs: 40, countFrom: 'press' },
  { name: 'the release of a key (100 ms)', by: 'rtp', durationMs: 100, countFrom: 'release' },
  { name: 'an INFO', by: 'info', durationMs: 100, countFrom: 'press' },
];

describe('keys while something sounds', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    web.on('/gather', ({ parameters }) =>
      parameters.has('Digits') ? twiml('<Pause length="30"/>') : twiml(`<Gather><Play>${TONE}</Play></Gather>`),
    );
    web.on('/say', ({ parameters }) =>
      parameters.has('Digits') ? twiml('<Pause length="30"/>') : twiml(`<Gather><Say>${TALK}</Say></Gather>`),
    );
    web.on('/play', twiml(`<Play>${TONE}</Play><Pause length="30"/>`));
    const paths = { '1': 'gather', '2': 'say', '3': 'play', '4': 'ahead', '5': 'between', '6': 'slow' };
    const manifests = Object.entries(paths).map(([number, path]): [string, object] => [
      `${path}.yaml`,
      pivotManifest(path, [number], `${web.url}/${path}`),
    ]);
    pivot = await startPivot({ manifests: Object.fromEntries(manifests) });
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
  });

  /** From the moment that counts to the last frame of sound that the phone heard, in milliseconds of what came by RTP. */
  async function untilQuiet(phone: PhoneCall, { by, durationMs, countFrom }: Key): Promise<number> {
    let lastSound = phone.ear.heardMs;
    const pressed = phone.ear.heardMs;
    phone.press('5', { by, durationMs }).catch(() => {});
    await phone.ear.until((ear) => {
      if (ear.level >= SOUND_LEVEL) lastSound = ear.heardMs;
      return ear.heardMs - Math.max(lastSound, pressed + durationMs) > QUIET_MS;
    });
    return lastSound - pressed - (countFrom === 'release' ? durationMs : 0);
  }

  for (const [name, number] of [
    ['a tone within <Gather>', '1'],
    ['speech within <Gather>', '2'],
    ['a <Play>', '3'],
  ] as const) {
    for (const key of KEYS) {
      test(`${name} is stopped by ${key.name} within ${LIMIT_MS} ms`, { timeout: 60_000 }, async (t) => {
        const once = async (): Promise<number> => {
          const { phone } = await pivot.call(phones, number);
          await phone.ear.until((ear) => ear.soundMs > 300);
          const ms = await untilQuiet(phone, key);
          await phone.hangup();
          return ms;
        };
        const took = await Promise.all(Array.from({ length: TIMES }, once));
        took.sort((a, b) => a - b);
        t.diagnostic(`milliseconds to silence: ${took.join(', ')}`);
        const median = took[Math.floor(TIMES / 2)]!;
        assert.ok(median <= LIMIT_MS, `median ${median} ms`);
        // Once in five may be spoilt by what else runs on the machine, not more.
        assert.ok(took[TIMES - 2]! <= LIMIT_MS, `all but one: ${took.join(', ')} ms`);
      });
    }
  }

  test('digits typed ahead, while the web server thinks and sounds play, all reach the gather', {
    timeout: 30_000,
  }, async () => {
    const thinking = Promise.withResolvers<void>();
    web.on('/ahead', async ({ parameters }) => {
      if (parameters.has('Digits')) return twiml('');
      if (parameters.has('again')) {
        await thinking.promise;
        return twiml('<Gather numDigits="6" timeout="10"/>');
      }
      return twiml('<Play terminators="">tone_stream://%(400,0,440)</Play><Redirect>/ahead?again=1</Redirect>');
    });
    const { phone } = await pivot.call(phones, '4');
    await phone.ear.untilTone(440);
    await phone.press('12');
    await web.request('/ahead');
    await web.request('/ahead');
    await phone.press('34');
    await phone.press('5', { by: 'info' });
    thinking.resolve();
    phone.press('6').catch(() => {});
    assert.equal((await web.request('/ahead')).parameters.get('Digits'), '123456');
    await phone.ended;
  });

  test('digits between verbs and between documents come in order, each once', { timeout: 30_000 }, async () => {
    web.on('/between', ({ parameters }) => {
      const digits = parameters.get('Digits');
      if (digits === '9') return twiml('');
      return twiml('<Gather numDigits="1" timeout="10"/>');
    });
    const { phone } = await pivot.call(phones, '5');
    await phone.answered;
    // Faster than a document is asked for and run.
    const typed = '1234579';
    phone.press(typed, { durationMs: 40 }).catch(() => {});
    await phone.ended;
    const got: string[] = [];
    for (const request of web.requests.filter(({ path }) => path === '/between')) {
      got.push(request.parameters.get('Digits') ?? '');
    }
    assert.equal(got.join(''), typed);
  });

  test('a digit that lasts a second counts once', { timeout: 30_000 }, async () => {
    web.on('/slow', ({ parameters }) =>
      parameters.has('Digits')
        ? twiml('')
        : twiml('<Gather timeout="2"><Play>tone_stream://%(3000,0,440)</Play></Gather>'),
    );
    const { phone } = await pivot.call(phones, '6');
    await phone.ear.untilTone(440);
    await phone.press('7', { durationMs: 1000 });
    await web.request('/slow');
    assert.equal((await web.request('/slow')).parameters.get('Digits'), '7');
    await phone.ended;
  });
});
