/** What a running `pivot up` does when it is told to stop, and when what it stands on changes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createPhones, type PhoneCall, type Phones } from '../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from './harness.ts';
import { Program } from './program.ts';
import { openRawSip } from './raw-sip.ts';
import { getText } from './standing.ts';
import { startWeb, twiml, type Web } from './web.ts';

const limit = { timeout: 60_000 };

describe('a running pivot up', () => {
  let web: Web;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    web.on('/long', twiml('<Play terminators="">tone_stream://%(60000,0,440)</Play>'));
    web.on('/gather', ({ parameters }) =>
      parameters.has('Digits')
        ? twiml('<Play>tone_stream://%(200,0,880)</Play>')
        : twiml('<Gather numDigits="1" timeout="60"/>'),
    );
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await web?.close();
  });

  async function start(t: { after(work: () => Promise<void>): void }, ...options: string[]): Promise<Pivot> {
    const manifests = {
      'long.yaml': pivotManifest('long', ['1'], `${web.url}/long`),
      'gather.yaml': pivotManifest('gather', ['2'], `${web.url}/gather`),
    };
    const pivot = await startPivot({ manifests, options });
    t.after(() => pivot.dispose());
    return pivot;
  }

  async function readiness(pivot: Pivot): Promise<{ status: number; reasons: string[] }> {
    const { status, text } = await getText(`${pivot.http}/readyz`);
    return { status, reasons: (JSON.parse(text) as { reasons: string[] }).reasons };
  }

  async function refused(pivot: Pivot, number = '1'): Promise<PhoneCall> {
    const phone = await phones.placeCall({ number, sip: pivot.sip });
    await assert.rejects(phone.answered);
    await phone.ended;
    return phone;
  }

  async function optionsOf(pivot: Pivot): Promise<string> {
    const raw = await openRawSip({ host: pivot.host, port: pivot.port }, 'udp');
    try {
      const lines = [
        `OPTIONS sip:${pivot.sip} SIP/2.0`,
        `Via: SIP/2.0/UDP ${raw.host}:${raw.port};branch=z9hG4bKoptions`,
        `From: <sip:proxy@${raw.host}>;tag=1`,
        `To: <sip:${pivot.sip}>`,
        'Call-ID: options-1',
        'CSeq: 1 OPTIONS',
        'Max-Forwards: 70',
        'Content-Length: 0',
        '',
        '',
      ];
      return await raw.ask(lines.join('\r\n'), 'options-1');
    } finally {
      raw.close();
    }
  }

  test(
    'SIGTERM: not ready, new calls get 503 and when to try again, the call in progress goes on to its end',
    limit,
    async (t) => {
      const pivot = await start(t);
      assert.deepEqual(await readiness(pivot), { status: 200, reasons: [] });
      const { phone, trace } = await pivot.call(phones, '2');
      await phone.answered;
      await trace.started('verb Gather');

      pivot.program.signal('SIGTERM');
      await pivot.program.line(/^stopping: 1 calls? in progress/);
      assert.deepEqual(await readiness(pivot), { status: 503, reasons: ['draining'] });
      assert.equal((await getText(`${pivot.http}/healthz`)).status, 200);
      const late = await refused(pivot);
      assert.equal((await late.ended).status, 503);
      assert.match(late.header('Retry-After') ?? '', /^\d+$/);
      assert.match(late.header('Warning') ?? '', /PV-1402/);
      // What a proxy asks to learn where calls may go.
      const asked = await optionsOf(pivot);
      assert.match(asked, /^SIP\/2\.0 503 /);
      assert.match(asked, /^Retry-After: \d+\r$/m);

      // Exchanges, digits and sound go on as ever.
      await phone.press('5');
      await phone.ear.untilTone(880);
      assert.equal((await phone.ended).by, 'remote');
      assert.equal(await pivot.program.ended, 0);
    },
  );

  test('a second SIGTERM ends at once; the caller gets BYE', limit, async (t) => {
    const pivot = await start(t);
    const { phone } = await pivot.call(phones, '1');
    await phone.ear.untilTone(440);
    pivot.program.signal('SIGTERM');
    await pivot.program.line(/^stopping: 1 calls? in progress/);
    const asked = performance.now();
    pivot.program.signal('SIGTERM');
    const end = await phone.ended;
    assert.equal(end.by, 'remote');
    assert.match(end.reasonHeader ?? '', /cause=41/);
    assert.equal(await pivot.program.ended, 0);
    const took = performance.now() - asked;
    assert.ok(took < 5000, `${took} ms`);
    t.diagnostic(`ended ${took.toFixed(0)} ms after the second signal`);
  });

  test('after --grace the calls that are left are hung up', limit, async (t) => {
    const pivot = await start(t, '--grace', '300ms');
    const { phone } = await pivot.call(phones, '1');
    await phone.ear.untilTone(440);
    pivot.program.signal('SIGTERM');
    assert.equal((await phone.ended).by, 'remote');
    assert.equal(await pivot.program.ended, 0);
  });

  test('SIGTERM without calls ends at once, and SIGINT does the same', limit, async (t) => {
    await (await start(t)).stop();
    const pivot = await start(t);
    pivot.program.signal('SIGINT');
    assert.equal(await pivot.program.ended, 0);
  });

  test(
    'a changed, added or removed manifest counts for the next call; a call in progress keeps what it began with',
    limit,
    async (t) => {
      web.on('/changed', twiml('<Play>tone_stream://%(200,0,880)</Play>'));
      const pivot = await start(t);
      const { phone: before } = await pivot.call(phones, '1');
      await before.ear.untilTone(440);

      let seen = pivot.program.lines.length;
      pivot.manifest('long.yaml', pivotManifest('long', ['1'], `${web.url}/changed`));
      await pivot.program.line(/^table /, seen);
      const { phone: changed } = await pivot.call(phones, '1');
      await changed.ear.untilTone(880);
      await changed.ended;

      seen = pivot.program.lines.length;
      pivot.manifest('more.yaml', pivotManifest('more', ['3'], `${web.url}/changed`));
      await pivot.program.line(/^table .*: 3 routes/, seen);
      const { phone: added } = await pivot.call(phones, '3');
      await added.ear.untilTone(880);
      await added.ended;

      seen = pivot.program.lines.length;
      pivot.removeManifest('more.yaml');
      await pivot.program.line(/^table .*: 2 routes/, seen);
      assert.equal((await (await refused(pivot, '3')).ended).status, 404);

      await before.ear.untilTone(440);
      await before.hangup();
      await pivot.stop();
    },
  );

  test('a changed web server counts for the next call', limit, async (t) => {
    const pivot = await start(t);
    for (const hertz of [600, 900]) {
      web.on('/long', twiml(`<Play>tone_stream://%(300,0,${hertz})</Play>`));
      const { phone } = await pivot.call(phones, '1');
      await phone.ear.untilTone(hertz);
      await phone.ended;
    }
    web.on('/long', twiml('<Play terminators="">tone_stream://%(60000,0,440)</Play>'));
    await pivot.stop();
  });

  test(
    'a bad manifest is named by file, line and column; the last good one goes on until it is mended',
    limit,
    async (t) => {
      const pivot = await start(t);
      let seen = pivot.program.lines.length;
      pivot.manifest('long.yaml', BAD);
      const [line] = await pivot.program.line(/^.*long\.yaml:.*$/, seen);
      assert.match(line!, /\/long\.yaml:8:16 PV-1\d{3} .*voice_url/);
      const { phone } = await pivot.call(phones, '1');
      await phone.ear.untilTone(440);
      await phone.hangup();
      assert.equal((await readiness(pivot)).status, 200);

      seen = pivot.program.lines.length;
      pivot.manifest('long.yaml', '{{{ not even YAML');
      const [broken] = await pivot.program.line(/^.*long\.yaml:.*$/, seen);
      assert.match(broken!, /\/long\.yaml:1:\d+ PV-1\d{3} /);
      const { phone: still } = await pivot.call(phones, '1');
      await still.ear.untilTone(440);
      await still.hangup();

      seen = pivot.program.lines.length;
      pivot.manifest('long.yaml', pivotManifest('long', ['1', '4'], `${web.url}/long`));
      await pivot.program.line(/^manifests: all faults are mended/, seen);
      const { phone: mended } = await pivot.call(phones, '4');
      await mended.ear.untilTone(440);
      await mended.hangup();
      await pivot.stop();
    },
  );

  for (const [option, address] of [
    ['--sip', 'sip'],
    ['--http', 'http'],
  ] as const) {
    test(`a port of ${option} in use is one clear line and exit code 1`, limit, async (t) => {
      const pivot = await start(t);
      const taken = address === 'sip' ? pivot.sip : new URL(pivot.http).host;
      const free = ['--sip', '127.0.0.1:0', '--http', '127.0.0.1:0', '--rtp', '127.0.0.1:31000-31099'];
      const program = new Program(['cli/bin.js', 'up', 'examples/', ...free, option, taken]);
      t.after(async () => program.signal('SIGKILL'));
      assert.equal(await program.ended, 1);
      assert.equal(program.lines.length, 1, program.lines.join('\n'));
      assert.match(program.lines[0]!, new RegExp(`^PV-1\\d{3} .*${taken} is in use.*${option}`));
      await pivot.stop();
    });
  }

  test('an address that is taken for TCP alone is in use as well', limit, async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(async () => {
      server.close();
    });
    const { port } = server.address() as { port: number };
    const options = ['--sip', `127.0.0.1:${port}`, '--http', '127.0.0.1:0', '--rtp', '127.0.0.1:31000-31099'];
    const program = new Program(['cli/bin.js', 'up', 'examples/', ...options]);
    t.after(async () => program.signal('SIGKILL'));
    assert.equal(await program.ended, 1);
    assert.match(program.lines.join('\n'), /^PV-1\d{3} .*is in use.*--sip[^\n]*$/);
  });

  test('a callflow that hangs up in the same moment as the signal comes leaves nothing', limit, async (t) => {
    const manifests = {
      'short.yaml': callflowManifest('short', ['9'], {
        flow: { module: 'play', data: { id: 'tone_stream://%(100,0,440)' } },
      }),
    };
    const pivot = await startPivot({ manifests });
    t.after(() => pivot.dispose());
    const calls = await Promise.all(Array.from({ length: 10 }, () => pivot.call(phones, '9')));
    await Promise.all(calls.map(({ phone }) => phone.answered));
    await pivot.stop();
    assert.deepEqual(
      await Promise.all(calls.map(async ({ phone }) => (await phone.ended).by)),
      calls.map(() => 'remote'),
    );
  });
});

const BAD = `# The URL is no URL.
apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: long}
spec:
  numbers: ["1"]
  pivot:
    voice_url: "no url"
`;
