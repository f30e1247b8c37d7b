/** Section 11.4, TwiML: what a caller hears, and what the web server is sent. */
import assert from 'node:assert/strict';
import type { RingingCall } from '../../media-worker/softswitch/phone.ts';
import { trunkManifest } from '../dialling.ts';
import { readRecorded, tone, toneMs } from '../tones.ts';
import { twiml } from '../web.ts';
import type { Played, Story } from './story.ts';
import { type Bench, conformance, FAILBACK, FAILED_BACK, pivotNode, type RowCall } from './system.ts';

/** Takes about 5 s to say. */
const PROMPT = 'Please enter the two digits that stand in the upper right corner of the letter that you received.';
const GATHER = `<Gather numDigits="2" action="/g"><Say>${PROMPT}</Say></Gather><Say>none</Say>`;

/** One call to `/`, which answers so; `press` waits for its moment itself. */
async function run({ web, call }: Bench, document: string, press?: (row: RowCall) => Promise<unknown>): Promise<Story> {
  web.on('/', twiml(document));
  const row = await call();
  await press?.(row);
  return row.over();
}

/** Ended by itself, without fault. */
function clean({ errors, end }: Story): void {
  assert.deepEqual(errors, []);
  assert.equal(end.by, 'remote');
  assert.match(end.reasonHeader ?? '', /cause=16/);
}

function only<T>(list: readonly T[]): T {
  assert.equal(list.length, 1);
  return list[0]!;
}

/** Presses keys while the caller hears the prompt. */
async function pressInPrompt({ phone, trace, press }: RowCall, keys: string): Promise<void> {
  await trace.started('media.play');
  await phone.ear.untilSound();
  await press(keys);
}

/** Resolves when the caller is being recorded: the beep is over. */
async function recorded({ trace }: RowCall): Promise<void> {
  await trace.started('media.record');
}

function seconds({ from, to }: Pick<Played, 'from' | 'to'>): number {
  return (to - from) / 1000;
}

function between(value: number, least: number, most: number): void {
  assert.ok(value >= least && value <= most, `${value} is not between ${least} and ${most}`);
}

/** One sound begins when the other has ended; their spans are closed and opened in turns of the event loop of their own. */
function follows(before: Played | undefined, after: Played | undefined): void {
  between(seconds({ from: before!.to, to: after!.from }), -0.05, 0.5);
}

/** A call of a row that calls out; `callee` does what the row says, then the call goes on. */
async function dials(
  bench: Bench,
  document: string,
  user: string,
  callee: (ringing: RingingCall, row: RowCall) => Promise<unknown>,
): Promise<Story> {
  return run(bench, document, async (row) => callee(await bench.callees.ringing(user), row));
}

/** The trunk that calls to numbers go through, and who has a name. */
function calledManifests(port: number): Readonly<Record<string, object>> {
  const device = (name: string): object => ({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotDevice',
    metadata: { name },
    spec: { uri: `sip:${name}@127.0.0.1:${port}` },
  });
  return {
    'trunk.yaml': trunkManifest('carrier', [port]),
    'd.yaml': device('d'),
    'e.yaml': device('e'),
    'u.yaml': {
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotUser',
      metadata: { name: 'u' },
      spec: { devices: ['e'] },
    },
  };
}

conformance(
  '11.4 TwiML',
  [
    {
      id: '11.4.32',
      note: 'the call goes on at `_`; as do 11 exchanges within 10 s',
      specs: (url) => ({
        paced: { pivot: { voice_url: `${url}/paced`, method: 'post', req_format: 'twiml' }, failback: FAILBACK },
        fast: { pivot: { voice_url: `${url}/fast`, method: 'post', req_format: 'twiml' }, failback: FAILBACK },
      }),
      async test({ web, call }) {
        let answers = 0;
        web.on('/paced', () => {
          answers += 1;
          return twiml(`${answers % 10 === 0 && answers < 100 ? '<Pause length="10"/>' : ''}<Redirect/>`);
        });
        web.on('/fast', twiml('<Redirect/>'));
        const paced = (await call('paced')).over();
        const fast = await (await call('fast')).over();
        assert.equal(fast.exchanges.length, 10);
        assert.ok(fast.errors.includes('PV-1241'), fast.errors.join());
        assert.match(String(fast.root.attributes['pivot.error.message']), /loop limit/);
        assert.deepEqual(fast.said, [FAILED_BACK]);

        const story = await paced;
        assert.equal(answers, 100);
        assert.equal(story.exchanges.length, 100);
        assert.ok(story.errors.includes('PV-1240'), story.errors.join());
        assert.match(String(story.root.attributes['pivot.error.message']), /loop limit/);
        assert.deepEqual(story.said, [FAILED_BACK]);
      },
    },
    {
      id: '11.4.8',
      async test(bench) {
        bench.web.on('/g', twiml('<Hangup/>'));
        const story = await run(bench, GATHER.replace(PROMPT, 'x'), async ({ trace, press }) => {
          await trace.ended('media.play');
          // What the row is about: the time-out is 5 s, and these are 4 s each.
          await press('wwwwwwww1wwwwwwww2');
        });
        clean(story);
        assert.equal((await bench.web.request('/g')).parameters.get('Digits'), '12');
        assert.deepEqual(story.said, ['x']);
      },
    },
    {
      id: '11.4.6',
      async test(bench) {
        const story = await run(bench, GATHER.replace(PROMPT, 'x'));
        clean(story);
        assert.deepEqual(story.said, ['x', 'none']);
        assert.deepEqual(story.exchanges, ['POST / 200']);
        const [prompt, none] = story.sounds;
        between(seconds({ from: prompt!.to, to: none!.from }), 4.9, 6);
      },
    },
    {
      id: '11.4.10',
      async test(bench) {
        bench.web.on('/g', twiml('<Hangup/>'));
        const story = await run(bench, '<Gather actionOnEmptyResult="true" action="/g"/>');
        clean(story);
        const { method, body } = await bench.web.request('/g');
        assert.equal(method, 'POST');
        assert.doesNotMatch(body, /Digits/);
        assert.deepEqual(story.exchanges, ['POST / 200', 'POST /g 200']);
      },
    },
    {
      id: '11.4.1',
      async test(bench) {
        const story = await run(bench, '<Say>Hi</Say>', async ({ phone }) => {
          await phone.answered;
          await phone.ear.untilSound();
        });
        clean(story);
        assert.equal(story.answered, true);
        assert.deepEqual(story.said, ['Hi']);
        assert.equal(only(story.sounds).outcome, 'finished');
      },
    },
    {
      id: '11.4.2',
      async test(bench) {
        const once = await run(bench, '<Say language="en-US" voice="alice">Hi</Say>');
        const story = await run(bench, '<Say language="en-US" voice="alice" loop="2">Hi</Say>');
        clean(story);
        between(once.heardMs, 100, 2000);
        // Twice as long, give or take what a busy machine's packets lose.
        between(story.heardMs / once.heardMs, 1.5, 2.6);
        assert.deepEqual(story.warnings, []);
        assert.deepEqual(story.said, ['Hi', 'Hi']);
        assert.ok(story.sounds.every(({ outcome }) => outcome === 'finished'));
      },
    },
    {
      id: '11.4.3',
      async test(bench) {
        const story = await run(bench, '<Say><![CDATA[a & b]]></Say>');
        clean(story);
        assert.deepEqual(story.said, ['a & b']);
      },
    },
    {
      id: '11.4.4',
      async test(bench) {
        const story = await run(bench, '<Foo/><Say>Hi</Say>');
        clean(story);
        assert.deepEqual(story.warnings, ['PV-1350']);
        assert.deepEqual(story.said, ['Hi']);
      },
    },
    {
      id: '11.4.5',
      async test(bench) {
        bench.web.on('/g', twiml('<Hangup/>'));
        const story = await run(bench, GATHER, (row) => pressInPrompt(row, '12'));
        clean(story);
        const { method, body } = await bench.web.request('/g');
        assert.equal(method, 'POST');
        assert.match(body, /(^|&)Digits=12(&|$)/);
        const prompt = only(story.sounds);
        assert.equal(prompt.outcome, 'stopped');
        between(seconds(prompt), 0, 3);
      },
    },
    {
      id: '11.4.7',
      async test(bench) {
        const story = await run(bench, GATHER, (row) => pressInPrompt(row, '#'));
        clean(story);
        assert.deepEqual(story.said, [PROMPT, 'none']);
        const [prompt, none] = story.sounds;
        assert.equal(prompt?.outcome, 'stopped');
        between(seconds(prompt), 0, 3);
        follows(prompt, none);
        assert.deepEqual(story.exchanges, ['POST / 200']);
      },
    },
    {
      id: '11.4.9',
      async test(bench) {
        let asked = 0;
        bench.web.on('/', () => {
          asked += 1;
          return twiml(asked === 1 ? '<Gather/>' : '<Hangup/>');
        });
        const { phone, trace, press, over } = await bench.call();
        await Promise.all([trace.started('verb Gather'), phone.answered]);
        await press('123#');
        const story = await over();
        clean(story);
        assert.deepEqual(story.exchanges, ['POST / 200', 'POST / 200']);
        assert.equal(bench.web.requests[1]?.parameters.get('Digits'), '123');
      },
    },
    {
      id: '11.4.11',
      async test(bench) {
        bench.web.on('/g', twiml('<Hangup/>'));
        const story = await run(
          bench,
          '<Gather finishOnKey="" numDigits="3" action="/g"/>',
          async ({ phone, trace, press }) => {
            await Promise.all([trace.started('verb Gather'), phone.answered]);
            await press('1#2');
          },
        );
        clean(story);
        assert.match((await bench.web.request('/g')).body, /(^|&)Digits=1%232(&|$)/);
      },
    },
    {
      id: '11.4.12',
      async test(bench) {
        const story = await run(bench, '<Record timeout="10"></Record><Say>Thank You</Say>', async (row) => {
          await recorded(row);
          await row.phone.play(tone(700, 1000));
        });
        clean(story);
        assert.equal(story.answered, true);
        assert.deepEqual(story.said, ['Thank You']);
        assert.deepEqual(story.exchanges, ['POST / 200']);
        const record = only(story.spans.filter(({ name }) => name === 'verb Record')).attributes;
        assert.equal(record['pivot.recording.ended_by'], 'silence');
        assert.equal(record['pivot.recording.result'], 'recorded');
        const media = only(story.spans.filter(({ name }) => name === 'media.record'));
        between(seconds({ from: media.startedAt, to: media.endedAt! }), 10.9, 12);
      },
    },
    {
      id: '11.4.13',
      async test(bench) {
        bench.web.on('/r', twiml('<Hangup/>'));
        const story = await run(bench, '<Record action="/r"/>', async (row) => {
          await recorded(row);
          await row.phone.play(tone(700, 2000));
          await row.press('5');
        });
        clean(story);
        const { method, parameters } = await bench.web.request('/r');
        assert.equal(method, 'POST');
        assert.equal(parameters.get('Digits'), '5');
        assert.equal(parameters.get('RecordingDuration'), '2');
        assert.match(parameters.get('RecordingSid') ?? '', /^RE[0-9a-f]{32}$/);
        const sound = readRecorded(new Uint8Array(await (await fetch(parameters.get('RecordingUrl')!)).arrayBuffer()));
        between(toneMs(sound.channels[0]!, 700), 1900, 2100);
      },
    },
    {
      id: '11.4.14',
      async test(bench) {
        const story = await run(bench, '<Record action="/r"/><Say>none</Say>');
        clean(story);
        assert.deepEqual(story.said, ['none']);
        assert.deepEqual(story.exchanges, ['POST / 200']);
      },
    },
    {
      id: '11.4.15',
      async test(bench) {
        const document = '<Dial>415-123-4515</Dial><Say>Goodbye</Say>';
        const story = await dials(bench, document, '+14151234515', async (ringing) => {
          await (await ringing.answer()).hangup();
        });
        clean(story);
        assert.deepEqual(story.said, ['Goodbye']);
        assert.ok(story.heardMs > 100);
      },
    },
    {
      id: '11.4.16',
      async test(bench) {
        bench.web.on('/d', twiml('<Hangup/>'));
        const document = '<Dial action="/d">415-123-4516</Dial>';
        const story = await dials(bench, document, '+14151234516', async (ringing) => ringing.reject(486));
        clean(story);
        const { method, parameters } = await bench.web.request('/d');
        assert.equal(method, 'POST');
        assert.deepEqual([parameters.get('DialCallStatus'), parameters.get('CallStatus')], ['busy', 'in-progress']);
      },
    },
    {
      id: '11.4.17',
      async test(bench) {
        bench.web.on('/d', twiml('<Hangup/>'));
        const document = '<Dial action="/d" timeout="1">415-123-4517</Dial>';
        clean(await dials(bench, document, '+14151234517', async (ringing) => ringing.ring()));
        assert.equal((await bench.web.request('/d')).parameters.get('DialCallStatus'), 'no-answer');
      },
    },
    {
      id: '11.4.18',
      async test(bench) {
        bench.web.on('/d', twiml('<Hangup/>'));
        let talked = 0;
        let sid = '';
        const document = '<Dial action="/d">415-123-4518</Dial>';
        const story = await dials(bench, document, '+14151234518', async (ringing) => {
          const callee = await ringing.answer();
          const since = performance.now();
          await callee.ear.until((ear) => ear.heardMs >= 42_000);
          await callee.hangup();
          talked = (performance.now() - since) / 1000;
          sid = ringing.callId;
        });
        clean(story);
        const { parameters } = await bench.web.request('/d');
        assert.equal(parameters.get('DialCallStatus'), 'completed');
        assert.equal(parameters.get('DialCallSid'), sid);
        between(Number(parameters.get('DialCallDuration')), talked - 1, talked + 1);
      },
    },
    {
      id: '11.4.19',
      note: 'the action is told nevertheless',
      async test(bench) {
        bench.web.on('/d', twiml('<Say>never</Say>'));
        const document = '<Dial answerOnBridge="true" action="/d">415-123-4519</Dial><Say>never</Say>';
        const story = await dials(bench, document, '+14151234519', async (ringing, { phone }) => {
          ringing.ring();
          await phone.hangup();
        });
        assert.equal((await bench.web.request('/d')).parameters.get('DialCallStatus'), 'canceled');
        assert.equal(story.root.attributes['pivot.call.status'], 'canceled');
        assert.deepEqual(story.said, []);
      },
    },
    {
      id: '11.4.20',
      async test(bench) {
        const document = '<Dial hangupOnStar="true">415-123-4520</Dial><Say>next</Say>';
        const story = await dials(bench, document, '+14151234520', async (ringing, { phone, press }) => {
          const callee = await ringing.answer({ source: tone(700, 60_000) });
          await phone.ear.untilTone(700);
          await press('*');
          assert.equal((await callee.ended).by, 'remote');
        });
        clean(story);
        assert.deepEqual(story.said, ['next']);
      },
    },
    {
      id: '11.4.21',
      async test(bench) {
        for (const document of ['<Dial><Number>1</Number></Dial>', '<Dial><Number>1</Number>\n</Dial>']) {
          const story = await dials(bench, `${document}<Say>after</Say>`, '1', async (ringing) => {
            await (await ringing.answer()).hangup();
          });
          clean(story);
          assert.deepEqual(story.warnings, []);
          assert.deepEqual(story.said, ['after']);
        }
      },
    },
    {
      id: '11.4.22',
      async test(bench) {
        const document = '<Dial><User>u</User><Device>d</Device></Dial><Say>after</Say>';
        const story = await dials(bench, document, 'd', async (ringing) => {
          const other = await bench.callees.ringing('e');
          const cancelled = new Promise((resolve) =>
            other.cancelled.addEventListener('abort', resolve, { once: true }),
          );
          const callee = await ringing.answer();
          await cancelled;
          await callee.hangup();
        });
        clean(story);
        assert.deepEqual(story.said, ['after']);
      },
    },
    {
      id: '11.4.23',
      async test(bench) {
        const story = await run(bench, '<Dial><Device>missing</Device></Dial><Say>x</Say>');
        clean(story);
        assert.deepEqual(story.warnings, ['PV-2507']);
        assert.deepEqual(story.said, ['x']);
      },
    },
    {
      id: '11.4.24',
      async test(bench) {
        bench.web.on('/', twiml('<Dial><Conference>R</Conference></Dial><Say>bye</Say>'));
        bench.web.on('/host/', twiml('<Dial><Conference endConferenceOnExit="true">R</Conference></Dial>'));
        const member = await bench.call('only');
        await member.trace.started('verb Dial');
        const host = await bench.call('host', { source: tone(700, 60_000) });
        await member.phone.ear.untilTone(700);
        await host.phone.hangup();
        const story = await member.over();
        clean(story);
        assert.deepEqual(story.said, ['bye']);
        assert.deepEqual(story.exchanges, ['GET / 200']);
      },
      specs: (url) => ({ only: pivotSpec(url), host: pivotSpec(`${url}/host`) }),
    },
    {
      id: '11.4.25',
      note: 'also when digits were collected before',
      specs: (url) => ({
        plain: pivotSpec(url),
        collected: {
          flow: {
            module: 'collect_dtmf',
            data: { max_digits: 1 },
            children: { _: pivotNode({ voice_url: `${url}/`, req_format: 'twiml' }) },
          },
        },
      }),
      async test({ web, call }) {
        web.on('/', twiml('<Redirect method="GET">/n?Digits=TIMEOUT</Redirect>'));
        web.on('/n', twiml('<Hangup/>'));
        const plain = await call('plain');
        await plain.over();
        const collected = await call('collected');
        await Promise.all([collected.phone.answered, collected.trace.started('action collect_dtmf')]);
        await collected.press('7');
        await collected.over();
        const requests = web.requests.filter(({ path }) => path === '/n');
        assert.equal(requests.length, 2);
        assert.equal(web.requests.at(-2)?.parameters.get('Digits'), '7');
        for (const { method, target, parameters } of requests) {
          assert.equal(method, 'GET');
          assert.match(target, /^\/n\?Digits=TIMEOUT&CallSid=/);
          assert.deepEqual(parameters.getAll('Digits'), ['TIMEOUT']);
        }
      },
    },
    {
      id: '11.4.26',
      specs: (url) => ({ query: { pivot: { voice_url: `${url}/?x=1`, req_format: 'twiml' }, failback: FAILBACK } }),
      async test({ web, call }) {
        web.on('/', ({ method }) => twiml(method === 'GET' ? '<Redirect/>' : '<Hangup/>'));
        const { exchanges } = await (await call()).over();
        assert.deepEqual(exchanges, ['GET / 200', 'POST / 200']);
        assert.equal(web.requests[1]?.target, '/?x=1');
      },
    },
    {
      id: '11.4.27',
      async test(bench) {
        bench.web.on('/n', twiml('<Hangup/>'));
        const story = await run(bench, '<Redirect><Variable key="a" value="1"/>/n</Redirect>');
        assert.deepEqual(story.warnings, []);
        assert.deepEqual((await bench.web.request('/n')).parameters.getAll('a'), ['1']);
      },
    },
    {
      id: '11.4.28',
      async test(bench) {
        bench.web.on('/n', twiml('<Hangup/>'));
        const set = '<Set><Variable key="a" value="1"/><Variable key="b" value="2"/></Set>';
        const story = await run(bench, `${set}<Redirect>/n</Redirect>`);
        assert.deepEqual(story.warnings, []);
        assert.match((await bench.web.request('/n')).body, /(^|&)a=1&b=2(&|$)/);
      },
    },
    {
      id: '11.4.29',
      specs: (url) => ({
        none: { pivot: { voice_url: `${url}/none`, req_format: 'twiml' }, failback: FAILBACK },
        long: { pivot: { voice_url: `${url}/long`, req_format: 'twiml' }, failback: FAILBACK },
      }),
      async test({ web, call }) {
        web.on('/none', twiml('<Pause length="0"/><Redirect>/n</Redirect>'));
        web.on('/n', twiml('<Hangup/>'));
        const none = await (await call('none')).over();
        assert.deepEqual(none.warnings, []);
        between(seconds(spanOf(none, 'verb Pause')), 0, 0.3);

        web.on('/long', twiml('<Pause length="9999"/>'));
        const long = await call('long');
        await long.trace.started('verb Pause');
        await long.phone.hangup();
        const story = await long.over();
        assert.deepEqual(story.warnings, ['PV-1354']);
        const warning = story.asked[0]?.span.events.find(({ name }) => name === 'pivot.warning');
        assert.match(String(warning?.attributes['pivot.error.message']), /9999.*3600/);
      },
    },
    {
      id: '11.4.30',
      async test(bench) {
        const story = await run(bench, '<Reject reason="busy"/>', ({ phone }) => phone.ended);
        assert.equal(story.answered, false);
        assert.equal(story.end.status, 486);
        assert.deepEqual(story.errors, []);
        assert.equal(story.root.attributes['pivot.call.status'], 'busy');
      },
    },
    {
      id: '11.4.31',
      async test(bench) {
        const story = await run(bench, '<Say>Hi</Say><Hangup/><Say>never</Say>');
        clean(story);
        assert.deepEqual(story.said, ['Hi']);
      },
    },
  ],
  { manifests: calledManifests },
);

function pivotSpec(url: string): object {
  return { pivot: { voice_url: `${url}/`, req_format: 'twiml' }, failback: FAILBACK };
}

function spanOf({ spans }: Story, name: string): { readonly from: number; readonly to: number } {
  const span = only(spans.filter((one) => one.name === name));
  return { from: span.startedAt, to: span.endedAt ?? span.startedAt };
}
