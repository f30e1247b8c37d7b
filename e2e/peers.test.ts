/** Phones that other people wrote, sipp and baresip, call in: what they hear, press and are told. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from './harness.ts';
import { startBaresip } from './peers/baresip.ts';
import { createEar, type Ear } from './peers/ear.ts';
import { headerOf } from './peers/messages.ts';
import { requirePackages } from './peers/packages.ts';
import { type SippOptions, type SippResult, startSipp } from './peers/sipp.ts';
import {
  cut,
  findActivity,
  findTone,
  join,
  type Sound,
  silence,
  sine,
  speechLikeness,
  wavBytes,
} from './peers/sound.ts';
import { offer, openRawSip, request } from './raw-sip.ts';
import type { Standing } from './standing.ts';
import { callflow, startWeb, twiml, type Web, wav } from './web.ts';

const skip = requirePackages(['sip-tester', 'baresip-core']);
const limits = { timeout: 40_000, skip };
const TRANSPORTS = ['udp', 'tcp'] as const;

/** A tone as it was heard may be longer or shorter by a frame and the width of the window. */
const TOLERANCE_MS = 45;

function assertTone(heard: Sound, hertz: number, lengthMs: number): void {
  const found = findTone(heard, hertz);
  assert.equal(found.length, 1, `tones of ${hertz} Hz: ${JSON.stringify(found)}`);
  const off = found[0]!.lengthMs - lengthMs;
  assert.ok(Math.abs(off) <= TOLERANCE_MS, `${found[0]!.lengthMs} ms of ${hertz} Hz instead of ${lengthMs}`);
}

describe('calls of sipp and baresip', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
  let atRest: Standing;

  before(async () => {
    web = await startWeb();
    web.on('/tone', twiml('<Play>tone_stream://%(600,0,440)</Play>'));
    web.on('/wav', twiml('<Play>/tone.wav</Play>'));
    web.on('/tone.wav', wav(wavBytes(join(silence(100), sine(440, 500), silence(100)))));
    web.on('/speech', twiml('<Say>This sentence is spoken by a machine, and it takes a while.</Say>'));
    web.on('/all', twiml('<Play>tone_stream://%(600,200,440)</Play><Play>/other.wav</Play><Say>Goodbye to you.</Say>'));
    web.on('/other.wav', wav(wavBytes(join(sine(880, 500), silence(200)))));
    web.on('/digits', ({ parameters }) =>
      parameters.has('Digits')
        ? twiml('<Play>tone_stream://%(300,0,880)</Play>')
        : twiml('<Gather finishOnKey="#" timeout="20"><Play>tone_stream://%(300,0,440)</Play></Gather>'),
    );
    web.on('/long', twiml('<Play>tone_stream://%(30000,0,440)</Play>'));
    web.on(
      '/early',
      callflow({
        module: 'play',
        data: { id: 'tone_stream://%(600,0,440)', answer: false },
        children: { _: { module: 'response', data: { code: 480, message: 'Not now' } } },
      }),
    );
    web.on('/reject', twiml('<Reject/>'));
    web.on('/busy', twiml('<Reject reason="busy"/>'));
    web.on('/never', 'never');
    const paths = ['tone', 'wav', 'speech', 'all', 'digits', 'long', 'early', 'reject', 'busy', 'never'];
    const manifests = paths.map((path): [string, object] => [
      `${path}.yaml`,
      pivotManifest(path, [NUMBERS[path]!], `${web.url}/${path}`),
    ]);
    pivot = await startPivot({ manifests: Object.fromEntries(manifests) });
    phones = await createPhones();
    for (const transport of TRANSPORTS) {
      const { phone, trace } = await pivot.call(phones, NUMBERS['all']!, { transport });
      assert.equal((await phone.ended).by, 'remote');
      await trace.root;
    }
    web.closeIdle();
    atRest = await pivot.standing();
  });

  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
  });

  const NUMBERS: Readonly<Record<string, string>> = {
    tone: '1001',
    wav: '1002',
    speech: '1003',
    all: '1004',
    digits: '1005',
    long: '1006',
    early: '1007',
    reject: '1008',
    busy: '1009',
    never: '1010',
  };

  async function settled(): Promise<void> {
    web.closeIdle();
    await pivot.settled(atRest);
  }

  async function ear(t: TestContext): Promise<Ear> {
    const made = await createEar();
    t.after(() => made.close());
    return made;
  }

  async function sipp(path: string, media: Ear, options: Pick<SippOptions, 'ending'> & Partial<SippOptions>) {
    const to = { host: pivot.host, port: pivot.port };
    return startSipp({ to, from: '+15550100', number: NUMBERS[path] ?? path, media, ...options });
  }

  function assertWell(result: SippResult): void {
    assert.equal(result.exitCode, 0, `${result.errors}\n${result.messages.map(({ text }) => text).join('\n')}`);
    assert.equal(result.successful, 1);
  }

  const workerHangsUp = { kind: 'far-end', withinMs: 15_000 } as const;

  for (const transport of TRANSPORTS) {
    describe(`sipp over ${transport}`, { skip }, () => {
      for (const [path, hertz, lengthMs] of [
        ['tone', 440, 600],
        ['wav', 440, 500],
      ] as const) {
        test(
          `hears the tone of a ${path === 'wav' ? 'fetched wav file' : 'tone_stream'}, then the worker hangs up`,
          limits,
          async (t) => {
            const media = await ear(t);
            const call = await sipp(path, media, { transport, ending: workerHangsUp });
            assertWell(await call.ended);
            assertTone(media.heard, hertz, lengthMs);
            assert.equal(media.lost, 0);
            await settled();
          },
        );
      }

      test('hears speech', limits, async (t) => {
        const media = await ear(t);
        const call = await sipp('speech', media, { transport, ending: workerHangsUp });
        assertWell(await call.ended);
        const likeness = speechLikeness(media.heard);
        assert.ok(likeness.isSpeech, JSON.stringify(likeness));
        const total = findActivity(media.heard, 0.005, 500).reduce((sum, { lengthMs }) => sum + lengthMs, 0);
        assert.ok(total > 2000 && total < 8000, `${total} ms of speech`);
      });

      test('sends digits by RFC 4733, which stop the prompt and reach the web server', limits, async (t) => {
        const media = await ear(t);
        const call = await sipp('digits', media, { transport, ending: workerHangsUp });
        await web.request('/digits');
        await media.tone(440);
        await media.sendDigits('12*40#');
        assert.equal((await web.request('/digits')).parameters.get('Digits'), '12*40');
        assertWell(await call.ended);
        assertTone(media.heard, 880, 300);
      });

      test('sends digits by INFO', limits, async (t) => {
        const media = await ear(t);
        const info = [{ digits: '9*7#', afterMs: 100 }];
        const call = await sipp('digits', media, { transport, info, ending: workerHangsUp });
        await web.request('/digits');
        assert.equal((await web.request('/digits')).parameters.get('Digits'), '9*7');
        assertWell(await call.ended);
      });

      test('hangs up while it hears a tone', limits, async (t) => {
        const media = await ear(t);
        const call = await sipp('long', media, { transport, ending: { kind: 'hang-up', afterMs: 20_000 } });
        await media.tone(440);
        await call.hangUp();
        assertWell(await call.ended);
        await settled();
      });

      test('hears early media, then is refused', limits, async (t) => {
        const media = await ear(t);
        const call = await sipp('early', media, { transport, ending: { kind: 'refused', status: 480 } });
        const result = await call.ended;
        assertWell(result);
        assert.ok(result.messages.some(({ text }) => text.startsWith('SIP/2.0 183 ') && text.includes('m=audio')));
        assert.ok(result.messages.some(({ text }) => text.startsWith('SIP/2.0 480 Not now')));
        assertTone(media.heard, 440, 600);
        await settled();
      });

      for (const [path, status] of [
        ['reject', 603],
        ['busy', 486],
        ['9999', 404],
      ] as const) {
        test(`is refused with ${status}`, limits, async (t) => {
          const call = await sipp(path, await ear(t), { transport, ending: { kind: 'refused', status } });
          assertWell(await call.ended);
          await settled();
        });
      }

      test('gives its offer in the ACK', limits, async (t) => {
        const media = await ear(t);
        const call = await sipp('tone', media, { transport, lateOffer: true, ending: workerHangsUp });
        const result = await call.ended;
        assertWell(result);
        const answer = await call.message('received', '200');
        assert.match(answer.text, /^m=audio \d+ RTP\/AVP [\d ]*\b0\b/m);
        // What was played before the ACK is not heard.
        const [found] = findTone(media.heard, 440);
        assert.ok(found !== undefined && found.lengthMs > 400, JSON.stringify(found));
      });

      test('gives up with CANCEL while the web server thinks', limits, async (t) => {
        const call = await sipp('never', await ear(t), { transport, ending: { kind: 'cancel', afterMs: 300 } });
        const asked = await web.request('/never');
        await asked.aborted;
        assertWell(await call.ended);
        await settled();
      });
    });

    describe(`baresip over ${transport}`, { skip }, () => {
      for (const codec of ['PCMU', 'PCMA'] as const) {
        test(`hears tones, a fetched file and speech in ${codec}; then the worker hangs up`, limits, async (t) => {
          const baresip = await startBaresip({ codec });
          t.after(() => baresip.kill());
          const call = await baresip.dial(`sip:${NUMBERS['all']}@${pivot.sip};transport=${transport}`);
          await call.established;
          await call.closed;
          const heard = call.heard();
          assertTone(heard, 440, 600);
          assertTone(heard, 880, 500);
          const [tone] = findTone(heard, 880);
          const speech = speechLikeness(cut(heard, tone!.startMs + tone!.lengthMs + 50));
          assert.ok(speech.isSpeech, JSON.stringify(speech));
          // Its TCP connection goes with it.
          await baresip.close();
          await settled();
        });
      }

      test('sends digits, and hangs up', limits, async (t) => {
        const baresip = await startBaresip();
        t.after(() => baresip.kill());
        const call = await baresip.dial(`sip:${NUMBERS['digits']}@${pivot.sip};transport=${transport}`);
        await web.request('/digits');
        await call.tone(440);
        await call.sendDigits('205#');
        assert.equal((await web.request('/digits')).parameters.get('Digits'), '205');
        await call.hangUp();
        await baresip.close();
        await settled();
      });

      test('is told that it is busy', limits, async (t) => {
        const baresip = await startBaresip();
        t.after(() => baresip.close());
        const call = await baresip.dial(`sip:${NUMBERS['busy']}@${pivot.sip};transport=${transport}`);
        assert.match(await call.closed, /486/);
        await assert.rejects(call.established);
      });
    });
  }

  test('a phone whose power fails is no end of the call, and the worker hangs up in the end', limits, async (t) => {
    const baresip = await startBaresip();
    t.after(() => baresip.close());
    const call = await baresip.dial(`sip:${NUMBERS['all']}@${pivot.sip}`);
    await call.tone(440);
    baresip.kill();
    await settled();
  });

  test('past --max-calls a caller is told 503 and when to try again', limits, async (t) => {
    const small = await startPivot({
      manifests: {
        'long.yaml': callflowManifest('long', ['1'], { flow: { module: 'sleep', data: { duration: 60 } } }),
      },
      options: ['--max-calls', '1'],
    });
    t.after(() => small.dispose());
    const first = await small.call(phones, '1');
    await first.trace.started('action sleep');
    const to = { host: small.host, port: small.port };
    const refused = { kind: 'refused', status: 503 } as const;
    const second = await startSipp({ to, from: '1', number: '1', media: await ear(t), ending: refused });
    assertWell(await second.ended);
    assert.match(headerOf(await second.message('received', '503'), 'Retry-After') ?? '', /^\d+$/);
    assert.equal((await first.phone.hangup()).status, 487);
    await first.trace.root;
    const third = await small.call(phones, '1');
    await third.trace.started('action sleep');
    await third.phone.hangup();
    await small.stop();
  });

  for (const transport of TRANSPORTS) {
    describe(`requests over ${transport}`, () => {
      const ask = async (t: TestContext, method: string, status: number, parts: object = {}): Promise<string> => {
        const sip = await openRawSip(pivot, transport);
        t.after(() => sip.close());
        const callId = `${method}-${status}-${transport}-${sip.port}`;
        sip.send(request(method, sip, pivot, { callId, ...parts }));
        return sip.response(callId, status);
      };

      test('OPTIONS is answered with 200', limits, async (t) => {
        await ask(t, 'OPTIONS', 200);
      });

      test('REGISTER of nobody in particular is asked for a password', limits, async (t) => {
        assert.match(await ask(t, 'REGISTER', 401), /^WWW-Authenticate: Digest /m);
      });

      test('an offer without G.711 is answered with 488', limits, async (t) => {
        const body = offer('127.0.0.1', 40_000, '18', ['a=rtpmap:18 G729/8000']);
        const answer = await ask(t, 'INVITE', 488, { user: NUMBERS['tone'], body });
        assert.match(answer, /^Reason: .*cause=88/m);
      });

      test('an offer of PCMA alone is answered in PCMA, and its sound is right', limits, async () => {
        const { phone } = await pivot.call(phones, NUMBERS['tone']!, { transport, codecs: ['PCMA'] });
        await phone.ear.untilTone(440);
        assert.equal(phone.rtp.remote?.codec, 'PCMA');
        await phone.ended;
      });

      test('hold silences the sound, unhold brings it back', limits, async () => {
        const { phone } = await pivot.call(phones, NUMBERS['long']!, { transport });
        await phone.ear.untilTone(440);
        const { dialog } = phone;
        const hold = await dialog!.reinvite(held(dialog!.localSdp));
        assert.match(hold, /^a=(recvonly|inactive)\r?$/m);
        // As long as another call hears its tone, nothing comes here.
        const before = phone.rtp.statistics.received;
        const other = await pivot.call(phones, NUMBERS['tone']!, { transport });
        await other.phone.ended;
        const came = phone.rtp.statistics.received - before;
        assert.ok(came <= 3, `${came} packets came to a phone that holds`);
        const back = await dialog!.reinvite(dialog!.localSdp.replace(/^a=sendonly$/m, 'a=sendrecv'));
        assert.doesNotMatch(back, /^a=(recvonly|inactive|sendonly)\r?$/m);
        const { heardMs } = phone.ear;
        await phone.ear.until((ear) => ear.heardMs > heardMs + 200 && ear.tone(440) > 0.9);
        await phone.hangup();
      });
    });
  }

  test('afterwards the process ends well', limits, async () => {
    await settled();
    await pivot.stop();
  });
});

/** A description that puts the far end on hold. */
function held(sdp: string): string {
  return `${sdp.replace(/^a=(sendrecv|recvonly|inactive|sendonly)\r?\n/gm, '').trimEnd()}\r\na=sendonly\r\n`;
}
