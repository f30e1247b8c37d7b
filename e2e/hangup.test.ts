/** The caller hangs up at every moment of a call; each time the work stops where it stands, and nothing is left of it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import type { Standing } from './standing.ts';
import { callflow, startWeb, twiml, type Web } from './web.ts';

const TONE = 'tone_stream://%(60000,0,440)';
/** Takes an engine of speech long enough to hang up meanwhile. */
const LONG_TEXT = 'The quick brown fox jumps over the lazy dog, again and again. '.repeat(60);

interface Moment {
  readonly name: string;
  /** What `/PATH` answers, and the manifest where it is not plain. */
  readonly answers?: (web: Web, path: string) => void;
  readonly manifest?: (name: string, number: string, url: string) => object;
  /** Resolves at the moment. */
  readonly moment: (call: TracedCall, web: Web, path: string) => Promise<unknown>;
  /** Path, beneath the moment's own, of a request that is in flight then and must be given up. */
  readonly inFlight?: string;
  readonly answered: boolean;
}

const MOMENTS: readonly Moment[] = [
  {
    name: 'as soon as the INVITE is sent',
    answers: (web, path) => web.on(path, 'never'),
    moment: () => Promise.resolve(),
    answered: false,
  },
  {
    name: 'while the first webhook is in flight',
    answers: (web, path) => web.on(path, 'never'),
    moment: ({ trace }) => trace.started('POST'),
    inFlight: '',
    answered: false,
  },
  {
    name: 'in the pause before a repetition',
    manifest: (name, number, url) => pivotManifest(name, [number], url, { retries: { attempts: 3, on: ['5xx'] } }),
    answers: (web, path) => web.on(path, { status: 503, headers: { 'retry-after': '30' }, body: 'later' }),
    moment: ({ trace }) => trace.ended('POST'),
    answered: false,
  },
  {
    name: 'in a sleep before the answer',
    answers: (web, path) => web.on(path, callflow({ module: 'sleep', data: { duration: 60 } })),
    moment: ({ trace }) => trace.started('action sleep'),
    answered: false,
  },
  {
    name: 'in early media',
    answers: (web, path) => web.on(path, callflow({ module: 'play', data: { id: TONE, answer: false } })),
    moment: ({ phone }) => phone.ear.untilTone(440),
    answered: false,
  },
  {
    name: 'as soon as the call is answered',
    answers: (web, path) => web.on(path, twiml(`<Play>${TONE}</Play>`)),
    moment: ({ phone }) => phone.answered,
    answered: true,
  },
  {
    name: 'in a prompt',
    answers: (web, path) => web.on(path, twiml(`<Play>${TONE}</Play>`)),
    moment: ({ phone }) => phone.ear.untilTone(440),
    answered: true,
  },
  {
    name: 'in the prompt of a gather',
    answers: (web, path) => web.on(path, twiml(`<Gather><Play>${TONE}</Play></Gather>`)),
    moment: ({ phone }) => phone.ear.untilTone(440),
    answered: true,
  },
  {
    name: 'in a gather that waits',
    answers: (web, path) => web.on(path, twiml('<Gather timeout="60"/>')),
    moment: async ({ phone, trace }) => Promise.all([trace.started('verb Gather'), phone.answered]),
    answered: true,
  },
  {
    name: 'between digits',
    answers: (web, path) => web.on(path, twiml('<Gather timeout="60"/>')),
    moment: async ({ phone }) => {
      await phone.answered;
      await phone.press('12');
    },
    answered: true,
  },
  {
    name: 'in the middle of a digit',
    answers: (web, path) => web.on(path, twiml('<Gather timeout="60"/>')),
    moment: async ({ phone }) => {
      await phone.answered;
      phone.press('1', { durationMs: 5000 }).catch(() => {});
    },
    answered: true,
  },
  {
    name: 'in a pause',
    answers: (web, path) => web.on(path, twiml('<Gather timeout="0"/><Pause length="60"/>')),
    moment: async ({ phone, trace }) => Promise.all([trace.started('verb Pause'), phone.answered]),
    answered: true,
  },
  {
    name: 'while a later webhook is in flight',
    answers: (web, path) => {
      web.on(path, twiml(`<Gather numDigits="1" action="${path}/next"/>`));
      web.on(`${path}/next`, 'never');
    },
    moment: async ({ phone, trace }) => {
      await phone.answered;
      await phone.press('1');
      await trace.started('POST', 2);
    },
    inFlight: '/next',
    answered: true,
  },
  {
    name: 'while a sound is fetched',
    answers: (web, path) => {
      web.on(path, twiml(`<Play>${path}/never.wav</Play>`));
      web.on(`${path}/never.wav`, 'never');
    },
    moment: async ({ phone }) => phone.answered,
    inFlight: '/never.wav',
    answered: true,
  },
  {
    name: 'while speech is synthesised',
    answers: (web, path) => web.on(path, twiml(`<Say>${path} ${LONG_TEXT}</Say>`)),
    moment: ({ phone, trace }) => Promise.all([trace.started('media.play'), phone.answered]),
    answered: true,
  },
  {
    name: 'during failback',
    manifest: (name, number, url) =>
      callflowManifest(name, [number], {
        pivot: { voice_url: url, req_format: 'twiml', method: 'post' },
        failback: { module: 'play', data: { id: TONE } },
      }),
    answers: (web, path) => web.on(path, { status: 500, body: 'broken' }),
    moment: ({ phone }) => phone.ear.untilTone(440),
    answered: true,
  },
];

describe('the caller hangs up', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
  let atRest: Standing;

  const pathOf = (index: number): string => `/moment-${index}`;

  before(async () => {
    web = await startWeb();
    const manifests = MOMENTS.map(({ manifest = (name, number, url) => pivotManifest(name, [number], url) }, index) => [
      `${index}.yaml`,
      manifest(`moment-${index}`, String(1000 + index), `${web.url}${pathOf(index)}`),
    ]);
    web.on('/whole', callflow({ module: 'noop' }));
    pivot = await startPivot({
      manifests: {
        ...Object.fromEntries(manifests),
        'whole.yaml': pivotManifest('whole', ['2000'], `${web.url}/whole`),
      },
    });
    phones = await createPhones();
    // Whatever is made once and kept (threads, code, the phones' TCP connection) is made by first calls.
    web.on('/whole', twiml('<Say>One.</Say><Gather timeout="0"/>'));
    for (const transport of ['udp', 'tcp'] as const) {
      const { phone, trace } = await pivot.call(phones, '2000', { transport });
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

  for (const [index, { name, answers, moment, inFlight, answered }] of MOMENTS.entries()) {
    for (const transport of ['udp', 'tcp'] as const) {
      test(`${name} (${transport})`, { timeout: 30_000 }, async () => {
        const path = pathOf(index);
        answers?.(web, path);
        const call = await pivot.call(phones, String(1000 + index), { transport });
        await moment(call, web, path);
        const request = inFlight === undefined ? undefined : await web.request(`${path}${inFlight}`);
        const end = await call.phone.hangup();
        assert.equal(end.by, 'local');
        assert.equal(end.status, answered ? undefined : 487);
        // The web server sees that nobody waits for its answer any more.
        await request?.aborted;
        const { attributes } = await call.trace.root;
        assert.equal(attributes['pivot.end.side'], 'caller');
        assert.equal(attributes['pivot.end.cause'], answered ? 'NORMAL_CLEARING' : 'ORIGINATOR_CANCEL');
        assert.equal(attributes['pivot.result'], answered ? 'completed' : 'canceled');
        web.closeIdle();
        await pivot.settled(atRest);
      });
    }
  }

  test('at each step of a call, one after the other', { timeout: 60_000 }, async () => {
    web.on('/whole', ({ parameters }) =>
      parameters.has('Digits')
        ? twiml('<Play>tone_stream://%(40,0,440)</Play><Redirect>/whole/third</Redirect>')
        : twiml('<Say>One.</Say><Gather numDigits="1" timeout="1"><Play>tone_stream://%(5000,0,440)</Play></Gather>'),
    );
    web.on('/whole/third', callflow({ module: 'sleep', data: { duration: 1500, unit: 'ms' } }));
    const place = async (): Promise<TracedCall> => {
      const call = await pivot.call(phones, '2000');
      call.phone.ear.untilTone(440).then(
        () => call.phone.press('1', { durationMs: 40 }).catch(() => {}),
        () => {},
      );
      return call;
    };
    const whole = await place();
    assert.equal((await whole.phone.ended).by, 'remote');
    await whole.trace.root;
    const steps = whole.trace.events.map(({ type, span }) => `${type} ${span.name}`);
    assert.ok(steps.length > 25, steps.join(', '));

    const hangUpAt = async (step: number): Promise<void> => {
      const call = await place();
      await call.trace.step(step);
      const end = await call.phone.hangup();
      const root = await call.trace.root;
      // At the last steps both sides may hang up at once.
      const side = root.attributes['pivot.end.side'];
      const sides = step < steps.indexOf('end action sleep') ? ['caller'] : ['caller', 'worker'];
      assert.ok(sides.includes(String(side)), `${step} ${steps[step]}: ended by ${side}, ${end.by}`);
    };
    const left = [...steps.keys()];
    const one = async (): Promise<void> => {
      for (let step = left.shift(); step !== undefined; step = left.shift()) await hangUpAt(step);
    };
    await Promise.all(Array.from({ length: 6 }, one));
    web.closeIdle();
    await pivot.settled(atRest);
  });

  test('afterwards not even a SIP transaction is left, and the process ends well', { timeout: 60_000 }, async () => {
    await pivot.allOver(atRest);
    await phones.close();
    await pivot.stop();
  });
});
