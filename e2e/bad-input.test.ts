/**
 * Bad input from every outside surface but SIP and RTP: web servers, manifests, the HTTP side. Whatever comes, a call follows its failure
 * policy, the fault has a code, and the same process takes the next call.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import {
  answer,
  billionLaughs,
  brotliBomb,
  gzipBomb,
  type Hostile,
  type Misdeed,
  moved,
  raw,
  startHostile,
  trickle,
} from './conformance/hostile.ts';
import { type Story, storyOf } from './conformance/story.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from './harness.ts';
import { getText } from './standing.ts';
import { startWeb, twiml, type Web } from './web.ts';

const XML = 'text/xml';
const JSON_TYPE = 'application/json';
const HI = '<Response><Say>Hi</Say></Response>';
const OK_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n';
const CHUNKED = `${OK_HEAD}transfer-encoding: chunked\r\n\r\n`;
const FAILED_BACK = 'failed back';
const FAILBACK = { module: 'tts', data: { text: FAILED_BACK } };
const DEADLINE_MS = 4000;
/** What a busy machine may add to a deadline. */
const LATE_MS = 4000;
const MIB = 1024 * 1024;
const DEPTH = 10_000;

interface Case {
  readonly does: Misdeed;
  readonly code: string;
  /** Of the document, within the message. */
  readonly detail?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'a picture': { does: answer('image/png', randomBytes(2000)), code: 'PV-1230' },
  'a page of HTML as JSON': { does: answer(JSON_TYPE, '<!doctype html><p>502'), code: 'PV-1231' },
  'a page of HTML': {
    does: answer('text/html', '<!doctype html><html><p>502</html>'),
    code: 'PV-1235',
    detail: 'PV-1303',
  },
  'TwiML cut in the middle, with Content-Length': {
    does: raw(`${OK_HEAD}content-length: 1000\r\n\r\n<Response><Say>Hi`),
    code: 'PV-1208',
  },
  'TwiML cut in the middle of a chunk': { does: raw(`${CHUNKED}ff\r\n<Response><Say>Hi`), code: 'PV-1208' },
  'TwiML without its end': { does: answer(XML, '<Response><Say>Hi</Say>'), code: 'PV-1235', detail: 'PV-1301' },
  'JSON without its end': { does: answer(JSON_TYPE, '{"module":"tts","data":{"text":"Hi"'), code: 'PV-1236' },
  '10 MB, announced': { does: answer(XML, `<Response>${' '.repeat(10 * MIB)}</Response>`), code: 'PV-1226' },
  '10 MB, in chunks, without end': { does: trickle(CHUNKED, `10000\r\n${' '.repeat(65536)}\r\n`), code: 'PV-1226' },
  '1 byte of body a second': { does: trickle(`${OK_HEAD}content-length: 1000\r\n\r\n`, ' ', 1000), code: 'PV-1206' },
  '1 byte of header a second': { does: trickle('HTTP/1.1 200 OK\r\nx-slow: ', 'x', 1000), code: 'PV-1206' },
  'a gzip bomb': { does: answer(XML, gzipBomb(), ['content-encoding: gzip']), code: 'PV-1227' },
  'a brotli bomb': { does: answer(XML, brotliBomb(), ['content-encoding: br']), code: 'PV-1227' },
  'text that says it is gzip': { does: answer(XML, HI, ['content-encoding: gzip']), code: 'PV-1229' },
  'an encoding nobody knows': { does: answer(XML, HI, ['content-encoding: snake-oil']), code: 'PV-1228' },
  'a redirect to itself': {
    does: (socket, url) => moved(`${url}/a-redirect-to-itself`, 307)(socket, url),
    code: 'PV-1216',
  },
  'redirects without end': {
    does: (socket, url) => moved(`${url}/redirects-without-end/${randomBytes(8).toString('hex')}`)(socket, url),
    code: 'PV-1215',
  },
  'a redirect to the metadata address': { does: moved('http://169.254.169.254/latest/meta-data/'), code: 'PV-1214' },
  'a redirect to the metadata address in IPv6 clothes': {
    does: moved('http://[::ffff:a9fe:a9fe]/latest/meta-data/'),
    code: 'PV-1214',
  },
  'a redirect to a file': { does: moved('file:///etc/passwd'), code: 'PV-1217' },
  'a redirect to nowhere': { does: raw('HTTP/1.1 302 Moved\r\ncontent-length: 0\r\n\r\n'), code: 'PV-1217' },
  'a DOCTYPE with entities': {
    does: answer(XML, '<!DOCTYPE Response [<!ENTITY e "Hi">]><Response><Say>&e;</Say></Response>'),
    code: 'PV-1235',
    detail: 'PV-1303',
  },
  'an external entity of /etc/passwd': {
    does: answer(
      XML,
      '<!DOCTYPE Response [<!ENTITY e SYSTEM "file:///etc/passwd">]><Response><Say>&e;</Say></Response>',
    ),
    code: 'PV-1235',
    detail: 'PV-1303',
  },
  'billion laughs': { does: answer(XML, billionLaughs()), code: 'PV-1235', detail: 'PV-1303' },
  'XML 10,000 deep': {
    does: answer(XML, `<Response>${'<a>'.repeat(DEPTH)}${'</a>'.repeat(DEPTH)}</Response>`),
    code: 'PV-1235',
    detail: 'PV-1304',
  },
  '60,000 verbs': {
    does: answer(XML, `<Response>${'<a/>'.repeat(60_000)}</Response>`),
    code: 'PV-1235',
    detail: 'PV-1305',
  },
  'JSON 10,000 deep': {
    does: answer(JSON_TYPE, `{"module":"tts","data":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`),
    code: 'PV-1236',
  },
  'actions 10,000 deep': {
    does: answer(
      JSON_TYPE,
      `${'{"module":"noop","data":{},"children":{"_":'.repeat(5000)}{"module":"noop","data":{}}${'}}'.repeat(5000)}`,
    ),
    code: 'PV-1236',
  },
  'JSON that means its prototype': {
    does: answer(
      JSON_TYPE,
      '{"module":"__proto__","data":{"__proto__":{"voice_url":"x"}},"children":{"__proto__":{}}}',
    ),
    code: 'PV-1236',
  },
  'a JSON list': { does: answer(JSON_TYPE, '[]'), code: 'PV-1236' },
  'invalid UTF-8': {
    does: answer(XML, Buffer.from('<Response><Say>H\xff\xfei</Say></Response>', 'latin1')),
    code: 'PV-1234',
  },
  'UTF-16': { does: answer(XML, Buffer.from(`\ufeff${HI}`, 'utf16le')), code: 'PV-1233' },
  'a charset nobody knows': { does: answer(`${XML}; charset=utf-7`, HI), code: 'PV-1233' },
  'NUL characters': { does: answer(XML, '<Response><Say>H\0i</Say></Response>'), code: 'PV-1235', detail: 'PV-1307' },
  '204': { does: raw('HTTP/1.1 204 No Content\r\n\r\n'), code: 'PV-1223' },
  'an empty body': { does: answer(XML, ''), code: 'PV-1225' },
  'a body of blanks': { does: answer(XML, ' \r\n\t'), code: 'PV-1225' },
  '503 with Retry-After': {
    does: answer(XML, HI, ['retry-after: 1'], '503 Service Unavailable'),
    code: 'PV-1222',
  },
  'status 999': { does: answer(XML, HI, [], '999 Odd'), code: 'PV-1224' },
  'never an answer': { does: () => {}, code: 'PV-1206' },
  'the connection closed': { does: (socket) => socket.end(), code: 'PV-1207' },
  'the connection reset': { does: (socket) => socket.resetAndDestroy(), code: 'PV-1207' },
  'the connection reset in the body': {
    does: (socket) => {
      socket.write(`${OK_HEAD}content-length: 1000\r\n\r\n<Response>`, () =>
        setImmediate(() => socket.resetAndDestroy()),
      );
    },
    code: 'PV-1208',
  },
  garbage: { does: raw(randomBytes(4096)), code: 'PV-1209' },
  'garbage headers': { does: raw('HTTP/1.1 200 OK\r\n\0\x01: \xff\r\n: :\r\n\r\nhi'), code: 'PV-1209' },
  'a body of two lengths': {
    does: raw(`${OK_HEAD}content-length: 3\r\ncontent-length: 34\r\n\r\n${HI}`),
    code: 'PV-1208',
  },
  'a negative length': { does: raw(`${OK_HEAD}content-length: -1\r\n\r\n${HI}`), code: 'PV-1209' },
  'a chunk of a garbage length': { does: raw(`${CHUNKED}zz\r\n${HI}\r\n0\r\n\r\n`), code: 'PV-1209' },
  'headers without end': { does: trickle('HTTP/1.1 200 OK\r\n', `x-more: ${'x'.repeat(8000)}\r\n`), code: 'PV-1210' },
  '100 Continue without end': { does: trickle('', 'HTTP/1.1 100 Continue\r\n\r\n', 20), code: 'PV-1209' },
  'TLS on a plain port': {
    does: raw(Buffer.concat([Buffer.from([0x16, 0x03, 0x03, 0x00, 0x7a, 0x02]), randomBytes(121)])),
    code: 'PV-1209',
  },
};

function pathOf(name: string): string {
  return name.replace(/\W+/g, '-');
}

/** Most memory that a process had so far, in bytes (Linux; elsewhere 0). */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function callOver(pivot: Pivot, phones: Phones, number: string): Promise<Story> {
  const { phone, trace } = await pivot.call(phones, number, { transport: 'tcp' });
  return storyOf(phone, trace);
}

/** The next call goes as if nothing had been. */
async function worksAsEver(pivot: Pivot, phones: Phones, number: string): Promise<void> {
  const story = await callOver(pivot, phones, number);
  assert.deepEqual(story.said, ['Hi']);
  assert.deepEqual(story.errors, []);
  assert.equal(story.end.by, 'remote');
  assert.ok(pivot.program.running);
  assert.equal((await getText(`${pivot.http}/readyz`)).status, 200);
}

describe('bad answers of a web server', { concurrency: 10 }, () => {
  let web: Web;
  let hostile: Hostile;
  let pivot: Pivot;
  let phones: Phones;
  let peakBefore = 0;

  before(async () => {
    web = await startWeb();
    web.on('/', twiml('<Say>Hi</Say>'));
    hostile = await startHostile(
      Object.fromEntries(Object.entries(CASES).map(([name, { does }]) => [pathOf(name), does])),
    );
    const settings = { req_timeout_ms: DEADLINE_MS };
    const manifests = Object.keys(CASES).map((name, index) => {
      const spec = pivotManifest(
        `case-${index}`,
        [String(1000 + index)],
        `${hostile.url}/${pathOf(name)}`,
        settings,
      ) as {
        spec: object;
      };
      return [`case-${index}.yaml`, { ...spec, spec: { ...spec.spec, failback: FAILBACK } }] as const;
    });
    pivot = await startPivot({
      manifests: { ...Object.fromEntries(manifests), 'good.yaml': pivotManifest('good', ['1'], `${web.url}/`) },
    });
    phones = await createPhones();
    await worksAsEver(pivot, phones, '1');
    peakBefore = peakOf(pivot.program.pid);
  });

  after(async () => {
    await phones?.close();
    try {
      await pivot?.stop();
    } finally {
      await pivot?.dispose();
      await Promise.all([web?.close(), hostile?.close()]);
    }
  });

  test('follow the failure policy, each with its code', { concurrency: 10 }, async (t) => {
    const tests = Object.entries(CASES).map(([name, { code, detail }], index) =>
      t.test(name, async () => {
        const story = await callOver(pivot, phones, String(1000 + index));
        assert.deepEqual(story.exchanges, [`POST /${pathOf(name)} ${code}`], story.asked[0]?.message);
        if (detail !== undefined) assert.match(story.asked[0]?.message ?? '', new RegExp(detail));
        assert.ok((story.asked[0]?.message?.length ?? 0) < 2000);
        assert.ok(story.asked[0]!.ms < DEADLINE_MS + LATE_MS, `${story.asked[0]?.ms} ms`);
        assert.deepEqual(story.said, [FAILED_BACK]);
        assert.equal(story.root.attributes['pivot.error.code'], code);
        assert.ok(!JSON.stringify(story.spans).includes('root:x:'), 'a file of ours is in the trace');
        await pivot.program.line(new RegExp(`error: ${code} `));
      }),
    );
    await Promise.all(tests);

    await worksAsEver(pivot, phones, '1');
    const grown = (peakOf(pivot.program.pid) - peakBefore) / MIB;
    assert.ok(grown < 150, `${grown} MiB more than before`);
    assert.equal(hostile.open, 0, 'connections to the hostile server are left');
  });
});

/** What a web server may send in place of a sound; the document goes on all the same. */
const SOUNDS: Readonly<Record<string, Case>> = {
  'a sound that is text': { does: answer('audio/wav', 'RIFF, they said'), code: 'PV-1504' },
  'a sound that is noise': { does: answer('audio/mpeg', randomBytes(50_000)), code: 'PV-1504' },
  'a sound cut in its header': { does: answer('audio/wav', wavHeader(8000).subarray(0, 30)), code: 'PV-1505' },
  'a sound that claims 4 GB': { does: answer('audio/wav', wavHeader(0xff_ff_ff_00)), code: 'PV-1505' },
  'a sound without end': {
    does: trickle(CHUNKED.replace(XML, 'audio/wav'), `10000\r\n${'x'.repeat(65536)}\r\n`),
    code: 'PV-1503',
  },
  'a sound that never comes': { does: (socket) => socket.destroy(), code: 'PV-1502' },
  'a sound of the metadata address': { does: moved('http://169.254.169.254/tone.wav'), code: 'PV-1502' },
};

/** Header of a wav file, 8 kHz, 16 bit, mono. */
function wavHeader(dataBytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(dataBytes + 36, 0xff_ff_ff_ff), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

describe('bad sounds', () => {
  test('are warnings with their codes, and the document goes on', { concurrency: 10 }, async (t) => {
    const web = await startWeb();
    const hostile = await startHostile(
      Object.fromEntries(Object.entries(SOUNDS).map(([name, { does }]) => [pathOf(name), does])),
    );
    const manifests = Object.keys(SOUNDS).map((name, index) => {
      web.on(`/${pathOf(name)}`, twiml(`<Play>${hostile.url}/${pathOf(name)}</Play><Say>Hi</Say>`));
      return [`${index}.yaml`, pivotManifest(`sound-${index}`, [String(index + 1)], `${web.url}/${pathOf(name)}`)];
    });
    const pivot = await startPivot({ manifests: Object.fromEntries(manifests) as Record<string, object> });
    const phones = await createPhones();
    t.after(async () => {
      await phones.close();
      await pivot.dispose();
      await Promise.all([web.close(), hostile.close()]);
    });
    const tests = Object.entries(SOUNDS).map(([name, { code }], index) =>
      t.test(name, async () => {
        const story = await callOver(pivot, phones, String(index + 1));
        assert.deepEqual(story.said, ['Hi']);
        assert.deepEqual(story.errors, []);
        assert.ok(story.warnings.includes(code), story.warnings.join());
      }),
    );
    await Promise.all(tests);
    await phones.close();
    await pivot.stop();
  });
});

interface BadManifest {
  readonly text: string | ((good: string) => string);
  /** Place and code of the line that is printed, without the file. */
  readonly fault: RegExp;
}

const MANIFEST_HEAD = `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata:
  name: good
`;

const MANIFESTS: Readonly<Record<string, BadManifest>> = {
  'a YAML bomb': {
    text: `${MANIFEST_HEAD}bomb:\n${Array.from({ length: 12 }, (_, level) =>
      level === 0
        ? '  a0: &a0 ["lol", "lol"]'
        : `  a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}*a${level - 1}]`,
    ).join('\n')}\nspec: {numbers: ["1"]}\n`,
    fault: /:\d+:\d+ PV-1014 /,
  },
  '5 MB': { text: (good) => `${good}\n# ${'x'.repeat(5 * MIB)}`, fault: / PV-1012 / },
  'a document of 1 MB': { text: (good) => `${good}\n# ${'x'.repeat(MIB)}`, fault: /:1:1 PV-1012 / },
  tabs: { text: `${MANIFEST_HEAD}spec:\n\tnumbers: ["1"]\n`, fault: /:6:\d+ PV-1001 / },
  'a key given twice': {
    text: `${MANIFEST_HEAD}spec:\n  numbers: ["1"]\n  numbers: ["2"]\n  flow: {module: hangup, data: {}}\n`,
    fault: /:7:3 PV-1001 .*"numbers"/,
  },
  'wrong types': {
    text: `${MANIFEST_HEAD}spec:\n  numbers: {one: 1}\n  pivot: [nothing]\n`,
    fault: /:\d+:\d+ PV-1004 /,
  },
  'a number without quotes, and no URL': {
    text: `${MANIFEST_HEAD}spec:\n  numbers: [1.5]\n  pivot: {method: get}\n`,
    fault: /:6:13 PV-10\d\d |:7:10 PV-1107 /,
  },
  'an unknown module': {
    text: `${MANIFEST_HEAD}spec:\n  numbers: ["1"]\n  flow: {module: nope, data: {}}\n`,
    fault: /:7:18 PV-1102 /,
  },
  '10,000 levels': {
    text: `${MANIFEST_HEAD}spec: ${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}\n`,
    fault: /:\d+:\d+ PV-10(01|14) /,
  },
  binary: { text: `\0\x01\x02${randomBytes(2000).toString('latin1')}`, fault: /:\d+:\d+ PV-10(01|21) / },
  'no resource': { text: 'just some words\n', fault: /:1:1 PV-1021 / },
  'an unclosed quote': { text: `${MANIFEST_HEAD}spec: {numbers: ["1]}\n`, fault: /:\d+:\d+ PV-1001 / },
};

describe('bad manifests in the watched folder', () => {
  test('keep the last good table, and say what is wrong where', async (t) => {
    const web = await startWeb();
    web.on('/', twiml('<Say>Hi</Say>'));
    const good = JSON.stringify(pivotManifest('good', ['1'], `${web.url}/`), null, 2);
    const pivot = await startPivot({ manifests: { 'good.yaml': good } });
    const phones = await createPhones();
    t.after(async () => {
      await phones.close();
      await pivot.dispose();
      await web.close();
    });
    await worksAsEver(pivot, phones, '1');
    const peakBefore = peakOf(pivot.program.pid);
    for (const [name, { text, fault }] of Object.entries(MANIFESTS)) {
      await t.test(name, async () => {
        const since = pivot.program.lines.length;
        const bad = typeof text === 'string' ? text : text(good);
        // Over the good one, and beside it.
        pivot.manifest('good.yaml', bad);
        await pivot.program.line(new RegExp(`^\\S+good\\.yaml${fault.source}`), since);
        pivot.manifest('beside.yaml', bad.replace('name: good', 'name: beside'));
        await pivot.program.line(new RegExp(`^\\S+beside\\.yaml${fault.source}`), since);
        await worksAsEver(pivot, phones, '1');
        assert.deepEqual(
          pivot.program.lines.slice(since).filter((line) => line.startsWith('table ')),
          [],
        );
        assert.ok(
          pivot.program.lines.slice(since).every((line) => line.length < 1000),
          'a line without end',
        );
        const mended = pivot.program.lines.length;
        pivot.removeManifest('beside.yaml');
        pivot.manifest('good.yaml', good);
        await pivot.program.line(/^manifests: all faults are mended$/, mended);
      });
    }
    // The folder is still watched.
    const since = pivot.program.lines.length;
    pivot.manifest('more.yaml', callflowManifest('more', ['2'], { flow: { module: 'tts', data: { text: 'Hi' } } }));
    await pivot.program.line(/^table .*: 2 routes$/, since);
    await worksAsEver(pivot, phones, '2');
    const grown = (peakOf(pivot.program.pid) - peakBefore) / MIB;
    assert.ok(grown < 250, `${grown} MiB more than before`);
    await phones.close();
    await pivot.stop();
  });
});

/** Bytes to the HTTP side, and what comes back until it closes, or until nothing has come for a second. */
async function send(pivot: Pivot, bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(pivot.http);
  const socket = connect(Number(port), hostname);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  // A server that has heard enough may reset the connection, and its answer may be lost with it.
  socket.on('error', () => {}).on('close', () => resolve());
  let answered = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answered += chunk;
  });
  socket.setTimeout(1000, () => socket.destroy());
  socket.end(bytes);
  await closed;
  return answered;
}

describe('bad requests to the HTTP side', () => {
  let pivot: Pivot;
  let phones: Phones;
  before(async () => {
    pivot = await startPivot({
      manifests: { 'good.yaml': callflowManifest('good', ['1'], { flow: { module: 'tts', data: { text: 'Hi' } } }) },
    });
    phones = await createPhones();
  });
  after(async () => {
    await phones?.close();
    try {
      await pivot?.stop();
    } finally {
      await pivot?.dispose();
    }
  });

  const DEBUG = '/v2/accounts/default/pivot/debug';
  const PATHS: Readonly<Record<string, number>> = {
    [`${DEBUG}/no-such-call`]: 404,
    [`${DEBUG}/no-such-call/events`]: 404,
    [`${DEBUG}/209901-no-such-call`]: 404,
    [`${DEBUG}/..%2f..%2f..%2f..%2fetc%2fpasswd`]: 404,
    [`${DEBUG}/%00`]: 404,
    [`${DEBUG}/%zz`]: 400,
    [`${DEBUG}/${'x'.repeat(500)}`]: 404,
    [`${DEBUG}/__proto__`]: 404,
    '/v2/accounts/__proto__/pivot/debug': 200,
    '/v2/accounts//pivot/debug': 200,
    [`${DEBUG}?page_size=-1`]: 200,
    [`${DEBUG}?page_size=1e99&created_from=x&created_to=%00`]: 400,
    [`${DEBUG}?page_size=1&page_size=2&start_key=a&start_key=b&ascending[]=true`]: 400,
    [`${DEBUG}?created_from=999999999999999`]: 400,
    [`${DEBUG}?__proto__[x]=1&constructor.prototype.x=1`]: 200,
    [`/${'x'.repeat(10_000)}`]: 404,
    '//evil.example/..': 404,
    '/metrics/../../etc/passwd': 404,
  };

  for (const [path, status] of Object.entries(PATHS)) {
    test(`GET ${path.slice(0, 100)}`, async () => {
      const reply = await send(pivot, `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);
      assert.match(reply, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.doesNotMatch(reply, /node_modules|\.ts:|root:x:/);
    });
  }

  test('a name that is not ours, as a page whose name was turned to this address sends it', async () => {
    const reply = await send(pivot, `GET ${DEBUG} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n`);
    assert.match(reply, /^HTTP\/1\.1 403 /);
    assert.match(reply, /PV-2208/);
  });

  const BYTES: Readonly<Record<string, readonly [bytes: string | Uint8Array, reply: RegExp]>> = {
    noise: [randomBytes(5000), /^(HTTP\/1\.1 4\d\d |$)/],
    'a TLS greeting': [Buffer.from([0x16, 0x03, 0x01, 0x02, 0, 1, 0, 1, 0xfc, 3, 3]), /^HTTP\/1\.1 400 /],
    'a URL of 100 KB': [`GET /${'x'.repeat(100_000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`, /^(HTTP\/1\.1 431 |$)/],
    'headers of 100 KB': [
      `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n${`x-more: ${'x'.repeat(1000)}\r\n`.repeat(100)}\r\n`,
      /^(HTTP\/1\.1 431 |$)/,
    ],
    'a body that nobody asked for': [
      `POST ${DEBUG} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
      /^HTTP\/1\.1 404 /,
    ],
    'a body of 10 MB': [
      `POST ${DEBUG} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${10 * MIB}\r\n\r\n${' '.repeat(10 * MIB)}`,
      /^(HTTP\/1\.1 4\d\d |$)/,
    ],
    'two lengths at once': [
      'POST /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    'a method nobody knows': ['BREW / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n', /^HTTP\/1\.1 4\d\d /],
    'half a request': ['GET /healthz HT', /^(HTTP\/1\.1 400 |$)/],
  };

  for (const [name, [bytes, reply]] of Object.entries(BYTES)) {
    test(name, async () => assert.match(await send(pivot, bytes), reply));
  }

  test('the next call works, and so does the API', async () => {
    await worksAsEver(pivot, phones, '1');
    assert.equal((await getText(`${pivot.http}${DEBUG}`)).status, 200);
    assert.equal((await getText(`${pivot.http}/metrics`)).status, 200);
  });
});
