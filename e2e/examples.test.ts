/** Every example as a user runs it: its web server, `pivot up` over its manifest, and a real SIP call by `pivot call`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { Program } from './program.ts';
import { tone } from './tones.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const EXAMPLES = join(ROOT, 'examples');
/** Where the manifests expect the web servers. */
const MANIFEST_PORT = 8090;
/** Where they expect telephones that are called. */
const PHONE_PORT = 5070;

/** Ends a program as a user does. */
async function stop(program: Program | undefined): Promise<void> {
  program?.signal('SIGTERM');
  await program?.ended;
}

/** What of `pivot call --output json` is looked at. */
interface CallReport {
  readonly answered: boolean;
  readonly exchanges: readonly {
    readonly method: string;
    readonly url: string;
    readonly status?: number;
    readonly format?: string;
    readonly error?: string;
  }[];
  readonly said: readonly string[];
  readonly played: readonly string[];
  readonly pressed: string;
  readonly end: { readonly by: string; readonly reasonHeader?: string };
  readonly heardMs: number;
}

/** Sound ports that no other program of this test file uses. */
function rtpPorts(): string {
  const from = 20_000 + 2 * Math.floor(Math.random() * 4000);
  return `127.0.0.1:${from}-${from + 199}`;
}

function pivotUp(folder: string, data: string): Program {
  const free = ['--sip', '127.0.0.1:0', '--http', '127.0.0.1:0', '--rtp', rtpPorts(), '--data', data];
  return new Program(['cli/bin.js', 'up', folder, ...free]);
}

const READY = /^ready: .*\budp:(\S+).* http (\S+) numbers (\d+)$/;

/** `GET /hello?From=…` → `GET /hello 200 twiml`: what matters of an exchange. */
function short({ exchanges }: CallReport): string[] {
  return exchanges.map(({ method, url, status, format, error }) => {
    const { pathname, searchParams } = new URL(url);
    const attempt = searchParams.get('try');
    const path = attempt === null ? pathname : `${pathname}?try=${attempt}`;
    return `${method} ${path} ${status ?? error?.slice(0, 'PV-0000'.length)}${format === undefined ? '' : ` ${format}`}`;
  });
}

describe('the examples, called', { concurrency: 4 }, () => {
  let folder: string;
  let servers: Program;
  let pivot: Program;
  let sip: string;
  let api: string;
  let called: Phones;

  before(async () => {
    called = await createPhones();
    folder = await mkdtemp(join(tmpdir(), 'pivot-examples-'));
    servers = new Program(['examples/servers.ts', '--port', '0']);
    const [, url] = await servers.line(/^web server: (\S+)/);
    await cp(EXAMPLES, join(folder, 'manifests'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts') && !path.endsWith('.md'),
    });
    for (const file of await manifests(join(folder, 'manifests'))) {
      const text = await readFile(file, 'utf8');
      const here = text.replaceAll(`127.0.0.1:${MANIFEST_PORT}`, new URL(url!).host);
      await writeFile(file, here.replaceAll(`127.0.0.1:${PHONE_PORT}`, `127.0.0.1:${called.sipPort}`));
    }
    pivot = pivotUp(join(folder, 'manifests'), join(folder, 'data'));
    const [, address, http, numbers] = await pivot.line(READY);
    sip = address!;
    api = http!;
    assert.equal(numbers, '18');
  });

  after(async () => {
    await called?.close();
    await Promise.all([stop(pivot), stop(servers)]);
    await rm(folder, { recursive: true, force: true });
  });

  async function call(number: string, ...options: string[]): Promise<CallReport> {
    const phone = new Program(['cli/bin.js', 'call', number, '--sip', sip, '--output', 'json', ...options]);
    const code = await phone.ended;
    const output = phone.lines.join('\n');
    assert.equal(code, 0, `pivot call ${number} ended with ${code}:\n${output}`);
    const report = JSON.parse(output) as CallReport;
    assert.equal(report.answered, true);
    // All examples end by themselves.
    assert.equal(report.end.by, 'remote');
    assert.match(report.end.reasonHeader ?? '', /cause=16/);
    assert.ok(report.heardMs > 500, `${report.heardMs} ms of sound were heard`);
    return report;
  }

  for (const number of ['2030', '+14155550100']) {
    test(`01: ${number} is greeted by TwiML`, async () => {
      const report = await call(number);
      assert.deepEqual(short(report), ['GET /hello 200 twiml']);
      assert.deepEqual(report.said, ['Hello. This call was answered by a web server.']);
      const { searchParams } = new URL(report.exchanges[0]!.url);
      assert.equal(searchParams.get('To'), number);
      assert.equal(searchParams.get('From'), '+15550100');
      assert.equal(searchParams.get('AccountSid'), 'default');
    });
  }

  test('02: 2031 is greeted by Callflow JSON, which repeats the number of the caller', async () => {
    const report = await call('2031', '--from', '1001');
    assert.deepEqual(short(report), ['GET /hello-json 200 callflow']);
    assert.deepEqual(report.said, ['Hello. You called from 1 0 0 1.']);
    assert.deepEqual(report.played, ['tone_stream://%(300,0,800)']);
  });

  test('03: a key of the menu is answered', async () => {
    const report = await call('2032', '--press', '2');
    assert.deepEqual(short(report), ['POST /menu 200 twiml', 'POST /menu/choice 200 twiml']);
    assert.equal(report.pressed, '2');
    assert.equal(report.said.at(-1), 'You find us at one Main Street.');
  });

  test('03: a wrong key is told, silence ends the menu', async () => {
    const report = await call('2032', '--press', '9');
    assert.deepEqual(short(report), [
      'POST /menu 200 twiml',
      'POST /menu/choice 200 twiml',
      'POST /menu?try=2 200 twiml',
      'POST /menu?try=3 200 twiml',
    ]);
    assert.equal(report.said[1], 'That is not on the menu.');
    assert.equal(report.said.at(-1), 'Goodbye.');
  });

  test('04: collected digits reach the second pivot', async () => {
    const report = await call('2033', '--press', '1234');
    assert.deepEqual(short(report), ['GET /orders 200 callflow', 'POST /orders/status 200 callflow']);
    assert.equal(report.pressed, '1234');
    assert.equal(report.said.at(-1), 'Your order was sent yesterday. Goodbye.');
  });

  test('04: without digits the second pivot is told of none', async () => {
    const report = await call('2033');
    assert.equal(report.said.at(-1), 'I heard no number.');
  });

  test('05: a known caller hears the balance', async () => {
    const report = await call('2034');
    assert.deepEqual(short(report), ['POST /balance 200 twiml']);
    assert.deepEqual(report.said, ['Hello Ada. Your balance is 42 dollars and 50 cents.']);
  });

  test('05: an unknown caller enters the customer number', async () => {
    const report = await call('2034', '--from', '1001', '--press', '77#');
    assert.deepEqual(short(report), ['POST /balance 200 twiml', 'POST /balance/customer 200 twiml']);
    assert.equal(report.pressed, '77#');
    assert.equal(report.said.at(-1), 'Hello Grace & Sons. Your balance is 2 dollars and 75 cents.');
  });

  test('06: the server is down: one repetition, then failback', async () => {
    const report = await call('2035');
    assert.deepEqual(short(report), ['GET /voice PV-1203', 'GET /voice PV-1203']);
    assert.deepEqual(report.said, ['We are sorry, our system is down. Please call again later.']);
  });

  test('06: the backup server stands in, and learns why', async () => {
    const report = await call('2036');
    assert.deepEqual(short(report), ['GET /voice PV-1203', 'GET /backup 200 twiml']);
    assert.deepEqual(report.said, ['This is the backup server.']);
    await servers.line(/^backup: http:\/\/127\.0\.0\.1:9\/voice failed with PV-1203$/);
  });

  test('07: values of set_variables and Set go through three requests', async () => {
    const report = await call('2037');
    assert.deepEqual(short(report), [
      'GET /chain 200 callflow',
      'POST /chain/second 200 twiml',
      'POST /chain/third 200 twiml',
    ]);
    assert.deepEqual(report.said, ['You are a gold member. Your lounge is upstairs.']);
  });

  test('08: a signed request is accepted, and neither key nor token stands in the debug log', async () => {
    const report = await call('2038');
    assert.deepEqual(short(report), ['POST /signed 200 twiml']);
    assert.deepEqual(report.said, ['The signature is right.']);
    const base = `${api}/v2/accounts/default/pivot/debug`;
    const list = (await (await fetch(base)).json()) as { data: { callflow: string; debug_id: string }[] };
    const row = list.data.find(({ callflow }) => callflow === 'default/signed');
    const log = await (await fetch(`${base}/${row?.debug_id}`)).text();
    assert.match(log, /"x-tenant":"north"/);
    assert.match(log, /"x-api-key":"\*\*\*"/);
    assert.doesNotMatch(log, /not-a-real/);
  });

  test('09: a caller who says nothing has left no message', async () => {
    const report = await call('2040');
    assert.deepEqual(short(report), ['POST /message 200 twiml']);
    assert.deepEqual(report.said.slice(1), ['You said nothing. Goodbye.']);
    assert.equal(report.played.length, 1, 'the beep');
  });

  test('09: a key ends the message, and it can be fetched', async () => {
    const report = await call('2040', '--press', 'wwwwwwwwww#');
    assert.deepEqual(short(report), ['POST /message 200 twiml', 'POST /message/left 200 twiml']);
    assert.match(report.said.at(-1) ?? '', /^Thank you for \d+ seconds\. Goodbye\.$/);
    const [, url] = await servers.line(/^message from call \S+: (\S+)$/);
    assert.equal((await fetch(url!)).headers.get('content-type'), 'audio/wav');
  });

  test('10: participants wait for the moderator, and are out with the moderator', async () => {
    const phones = await createPhones();
    try {
      const participant = call('2041');
      await servers.line(/^conference team: participant-join$/);
      const moderator = await phones.placeCall({ number: '2042', sip });
      await servers.line(/^conference team: conference-start$/);
      await moderator.hangup();
      const report = await participant;
      assert.equal(report.said[0], 'The moderator will be here soon.');
      assert.equal(report.said.at(-1), 'The conference is over. Goodbye.');
    } finally {
      await phones.close();
    }
  });

  test('11: who waits hears the place, and leaves with a key', async () => {
    const report = await call('2043', '--press', '1');
    assert.deepEqual(report.said, ['You are number 1. Press one to leave.', 'Please call again. Goodbye.']);
    const phones = await createPhones();
    try {
      const agent = await phones.placeCall({ number: '2044', sip });
      await agent.answered;
      const caller = await phones.placeCall({ number: '2043', sip, source: tone(700, 60_000) });
      await agent.ear.untilTone(700);
      await agent.hangup();
      await caller.ear.untilSound();
      assert.equal((await caller.ended).by, 'remote');
    } finally {
      await phones.close();
    }
  });

  test('12: the called side hears who calls, and takes the call with a key; or does not', async () => {
    const taking = call('2045');
    const ann = await (await called.ringing('ann')).answer({ source: tone(700, 60_000) });
    await ann.ear.untilSound();
    await ann.press('1');
    await ann.ear.untilSilence(3000);
    await ann.hangup();
    const taken = await taking;
    assert.deepEqual(short(taken).slice(0, 3), [
      'POST /screening 200 twiml',
      'POST /screening/ask 200 twiml',
      'POST /screening/ask 200 twiml',
    ]);
    assert.equal(taken.said.at(-1), 'Goodbye.');
    assert.ok(taken.said.includes('Here you are.'));

    const declining = call('2045');
    const busy = await (await called.ringing('ann')).answer();
    await busy.ear.untilSound();
    await busy.press('9');
    assert.equal((await busy.ended).by, 'remote');
    assert.equal((await declining).said.at(-1), 'Ann cannot talk now. Please call again later.');
  });

  test('13: two telephones ring, and the first who answers has the call', async () => {
    const calling = call('2046');
    const [desk, mobile] = await Promise.all([called.ringing('desk'), called.ringing('mobile')]);
    const member = await mobile.answer({ source: tone(700, 60_000) });
    await member.ear.until((ear) => ear.heardMs > 300);
    assert.ok(desk.cancelled.aborted);
    await member.hangup();
    assert.match((await calling).said.at(-1) ?? '', /^You talked for \d seconds\. Goodbye\.$/);
    await servers.line(/^recorded: http:\/\//);
  });

  test('14: somebody else is called when the first is busy', async () => {
    const calling = call('2047');
    (await called.ringing('shop')).reject(486);
    const owner = await (await called.ringing('owner')).answer({ source: tone(700, 60_000) });
    await owner.ear.until((ear) => ear.heardMs > 300);
    await owner.hangup();
    const { said } = await calling;
    assert.deepEqual(said, ['The line is busy. You are connected with the owner.', 'Goodbye.']);
  });

  test('a changed manifest counts for the next call', async () => {
    const file = join(folder, 'manifests', '01-hello-twiml', 'callflow.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"2030", ', '"2030", "2039", '));
    await pivot.line(/^table /);
    assert.deepEqual(short(await call('2039')), ['GET /hello 200 twiml']);
  });
});

async function manifests(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.yaml')).map((name) => join(folder, name));
}

describe('the examples, alone', () => {
  const paths: Readonly<Record<string, string>> = {
    '01-hello-twiml': '/hello',
    '02-hello-callflow-json': '/hello-json',
    '03-menu-with-gather': '/menu',
    '04-collect-digits': '/orders',
    '05-account-balance': '/balance',
    '06-failback': '/backup',
    '07-chained-pivots': '/chain',
    '08-signed-requests': '/signed',
    '09-voicemail': '/message',
    '10-conference': '/conference',
    '11-queue': '/queue',
    '12-call-screening': '/screening',
    '13-simultaneous-ring': '/team',
    '14-forward-on-busy': '/forward',
  };

  test('the list in this test is complete', async () => {
    const entries = await readdir(EXAMPLES, { withFileTypes: true });
    assert.deepEqual(
      entries
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort(),
      Object.keys(paths),
    );
  });

  for (const [name, path] of Object.entries(paths)) {
    test(`${name}/server.ts runs by itself`, async (t) => {
      const server = new Program([`examples/${name}/server.ts`, '--port', '0']);
      t.after(() => stop(server));
      const [, url] = await server.line(/^web server: (\S+)/);
      const response = await fetch(`${url}${path}`);
      const body = await response.text();
      // Not signed, not served.
      assert.equal(response.status, path === '/signed' ? 401 : 200, body);
      assert.equal((await fetch(`${url}/elsewhere`)).status, 404);
    });
  }

  test('pivot validate finds no fault in them', async () => {
    const validate = new Program(['cli/bin.js', 'validate', 'examples/']);
    assert.equal(await validate.ended, 0, validate.lines.join('\n'));
    assert.deepEqual(validate.lines, ['14 files: 0 errors, 0 warnings']);
  });
});

describe('the signature checks of docs/webhook-reference.md', () => {
  const KEY = 'käy of the docs';
  let folder: string;
  let code: Readonly<Record<'js' | 'python', string>>;
  /** What came with a POST and a GET, signed by Pivot. */
  const asked: { method: string; url: string; body: string; signature: string }[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pivot-docs-'));
    const page = await readFile(join(ROOT, 'docs', 'webhook-reference.md'), 'utf8');
    const block = (language: string): string =>
      new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';
    code = { js: block('js'), python: block('python') };
    const web = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { method = '', url = '', headers } = request;
      const signature = String(headers['x-pivot-signature']);
      asked.push({ method, url: `http://${headers.host}${url}`, body, signature });
      const next = method === 'POST' ? '<Redirect method="GET">/next?a=1</Redirect>' : '<Reject/>';
      response.writeHead(200, { 'content-type': 'text/xml' }).end(`<Response>${next}</Response>`);
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as AddressInfo;
    const signing = 'signing: {secretRef: {name: docs, key: key}}';
    await writeFile(
      join(folder, 'callflow.yaml'),
      `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: docs}
spec: {numbers: ["1"], pivot: {voice_url: "http://127.0.0.1:${port}/first?b=2", method: post, ${signing}}}
---
apiVersion: v1
kind: Secret
metadata: {name: docs}
stringData: {key: ${KEY}}
`,
    );
    const pivot = pivotUp(folder, join(folder, 'data'));
    try {
      const [, sip] = await pivot.line(READY);
      const phone = new Program(['cli/bin.js', 'call', '1', '--sip', sip!]);
      await phone.ended;
      assert.match(phone.lines.join('\n'), /not answered: 603/);
    } finally {
      await stop(pivot);
      web.close();
    }
    assert.deepEqual(
      asked.map(({ method }) => method),
      ['POST', 'GET'],
    );
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test('in Node', async () => {
    const { isFromPivot } = (await import(`data:text/javascript,${encodeURIComponent(code.js)}`)) as {
      isFromPivot: (key: string, signature: string, method: string, url: string, body: string, age?: number) => boolean;
    };
    for (const { method, url, body, signature } of asked) {
      assert.equal(isFromPivot(KEY, signature, method, url, body), true);
      assert.equal(isFromPivot('another key', signature, method, url, body), false);
      assert.equal(isFromPivot(KEY, signature, method, `${url}&c=3`, body), false);
      assert.equal(isFromPivot(KEY, signature, method, url, `${body}&From=1`), false);
      assert.equal(isFromPivot(KEY, signature, method, url, body, -1), false);
    }
  });

  test('in Python', async (t) => {
    const { error } = spawnSync('python3', ['--version']);
    if (error !== undefined) return t.skip('python3 is not installed');
    const check = `${code.python}
import json, sys
for one in json.load(sys.stdin):
    args = [one["method"], one["url"], one["body"].encode()]
    assert is_from_pivot(${JSON.stringify(KEY)}, one["signature"], *args)
    assert not is_from_pivot("another key", one["signature"], *args)
    assert not is_from_pivot(${JSON.stringify(KEY)}, one["signature"], *args, max_age_seconds=-1)
    assert not is_from_pivot(${JSON.stringify(KEY)}, None, *args)
`;
    const { status, stderr } = spawnSync('python3', ['-c', check], { input: JSON.stringify(asked), encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
});

describe('npm start', () => {
  const inUse = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(MANIFEST_PORT, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });

  test('a taken port of the web server is one clear line', async (t) => {
    const other: Server = createServer();
    // Whoever has the port, it is taken.
    await new Promise<void>((resolve) =>
      other.once('error', () => resolve()).listen(MANIFEST_PORT, '127.0.0.1', resolve),
    );
    t.after(() => other.close());
    const start = new Program(['examples/start.ts']);
    t.after(() => stop(start));
    assert.equal(await start.ended, 1);
    assert.equal(start.lines.length, 1, start.lines.join('\n'));
    assert.match(start.lines[0]!, /^examples: port 8090 of 127\.0\.0\.1 is in use/);
  });

  test('brings up servers and pivot, says what to do next, and ends both', async (t) => {
    if (await inUse()) return t.skip(`port ${MANIFEST_PORT} is taken by another program`);
    const data = await mkdtemp(join(tmpdir(), 'pivot-start-'));
    t.after(() => rm(data, { recursive: true, force: true }));
    const free = ['--sip', '127.0.0.1:0', '--http', '127.0.0.1:0', '--rtp', rtpPorts(), '--data', data];
    const start = new Program(['examples/start.ts', ...free]);
    t.after(() => stop(start));
    const [, sip, http] = await start.line(READY);
    await start.line(/^What was sent and returned: /);
    const { lines } = start;
    const ready = lines.findIndex((line) => line.startsWith('ready:'));
    assert.deepEqual(lines.slice(ready + 1, ready + 4), [
      `Call sip:2030@${sip} with any SIP phone; no account is needed.`,
      `No phone? In another terminal: npx pivot call 2030 --sip ${sip}`,
      `What was sent and returned: ${http}/`,
    ]);
    const phone = new Program(['cli/bin.js', 'call', '2030', '--sip', sip!]);
    assert.equal(await phone.ended, 0, phone.lines.join('\n'));
    assert.match(phone.lines.join('\n'), /says “Hello\. This call was answered by a web server\.”/);

    start.signal('SIGINT');
    assert.equal(await start.ended, 0);
    assert.equal(await inUse(), false);
    await assert.rejects(fetch(`${http}/healthz`));
  });
});
