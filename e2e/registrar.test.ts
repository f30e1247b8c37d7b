/** Telephones that register, and are called wherever they are. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import { type Baresip, type BaresipOptions, startBaresip } from './peers/baresip.ts';
import { requirePackages } from './peers/packages.ts';
import { offer, openRawSip, type RawSip } from './raw-sip.ts';
import { authorization, statusOf } from './sip-digest.ts';
import { startWeb, twiml, type Web } from './web.ts';

const skip = requirePackages(['baresip-core']);
const PASSWORD = 'not-a-real-password';

/** The manifests of a small office: telephones, a person, and numbers that call them. */
function office(web: Web): Record<string, object> {
  const dial = (number: string, what: string): object => {
    web.on(`/${number}`, twiml(`<Dial action="/${number}/done" timeout="20">${what}</Dial>`));
    web.on(`/${number}/done`, twiml('<Hangup/>'));
    return pivotManifest(`dial-${number}`, [number], `${web.url}/${number}`);
  };
  const device = (name: string, more: object = {}): object => ({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotDevice',
    metadata: { name },
    spec: { credentials: { username: name, passwordSecretRef: { name: 'phones', key: 'password' } }, ...more },
  });
  return {
    'secret.yaml': {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'phones' },
      stringData: { password: PASSWORD },
    },
    'ann.yaml': {
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotUser',
      metadata: { name: 'ann' },
      spec: { name: 'Ann', devices: ['desk', 'mobile'] },
    },
    ...Object.fromEntries(['desk', 'mobile', 'fork', 'nat', 'short'].map((name) => [`${name}.yaml`, device(name)])),
    '1.yaml': dial('1', '<Device>desk</Device>'),
    '2.yaml': dial('2', '<User>ann</User>'),
    '3.yaml': dial('3', '<Device>fork</Device>'),
    '4.yaml': dial('4', '<Device>nat</Device>'),
    '5.yaml': dial('5', '<Device>short</Device>'),
  };
}

describe('telephones that register', { timeout: 90_000, skip }, () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    pivot = await startPivot({ options: ['--registrations', '1-3600'], manifests: office(web) });
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
  });

  async function telephone(t: TestContext, user: string, at = pivot.sip, more: BaresipOptions = {}): Promise<Baresip> {
    const phone = await startBaresip({
      user,
      registrar: at,
      account: `auth_user=${user};auth_pass=${PASSWORD}`,
      ...more,
    });
    t.after(() => phone.close());
    return phone;
  }

  /** What DialCallStatus the number's document was told. */
  async function status(number: string): Promise<string | null> {
    return new URLSearchParams((await web.request(`/${number}/done`)).body).get('DialCallStatus');
  }

  async function register(
    sip: RawSip,
    user: string,
    contact: string,
    headers: readonly string[] = [],
    password = PASSWORD,
  ) {
    const callId = randomUUID();
    const send = (cseq: number, more: readonly string[]): Promise<string> =>
      sip.ask(
        registerText(sip, pivot, { callId, user, cseq, headers: [contact, ...headers, ...more] }),
        `${callId}\r\nCSeq: ${cseq} REGISTER`,
      );
    const asked = await send(1, []);
    assert.equal(statusOf(asked), 401);
    const uri = `sip:${pivot.host}:${pivot.port}`;
    const proof = authorization(asked, { method: 'REGISTER', uri, username: user, password });
    return { proof, answer: await send(2, [proof]) };
  }

  test('a device that has registered is called, by its name and by its user; gone, it is not', async (t) => {
    const desk = await telephone(t, 'desk');
    await desk.event('REGISTER_OK');
    for (const number of ['1', '2']) {
      const incoming = desk.incoming();
      const { phone } = await pivot.call(phones, number);
      const call = await incoming;
      await call.accept();
      await call.established;
      await call.hangUp();
      assert.equal(await status(number), 'completed');
      await phone.ended;
    }
    await desk.close();
    const { phone, trace } = await pivot.call(phones, '1');
    assert.equal(await status('1'), 'no-answer');
    assert.equal((await trace.ended('dial.leg')).attributes['pivot.error.code'], 'PV-2508');
    await phone.ended;
    assert.ok(!pivot.program.lines.some((line) => line.includes(PASSWORD)));
  });

  test('all telephones of a device ring, and the first who answers has the call', async (t) => {
    const [one, two] = [await telephone(t, 'fork'), await telephone(t, 'fork', pivot.sip, { codec: 'PCMA' })];
    await Promise.all([one.event('REGISTER_OK'), two.event('REGISTER_OK')]);
    const ringing = [one.incoming(), two.incoming()] as const;
    const { phone } = await pivot.call(phones, '3');
    const [first, second] = await Promise.all(ringing);
    await second.accept();
    await second.established;
    await first.closed;
    await second.hangUp();
    assert.equal(await status('3'), 'completed');
    await phone.ended;
  });

  test('who does not know the password does not get in', async (t) => {
    const thief = await telephone(t, 'desk', pivot.sip, { account: 'auth_user=desk;auth_pass=guess' });
    const { param } = await thief.event('REGISTER_FAIL');
    assert.match(param ?? '', /403/);
    const { phone } = await pivot.call(phones, '1');
    assert.equal(await status('1'), 'no-answer');
    await phone.ended;
  });

  test('a digest that was overheard is of no use', async () => {
    const sip = await openRawSip(pivot, 'udp');
    const { proof, answer } = await register(sip, 'mobile', 'Contact: <sip:mobile@127.0.0.1:9>');
    assert.equal(statusOf(answer), 200);
    const callId = randomUUID();
    const stolen = registerText(sip, pivot, {
      callId,
      user: 'mobile',
      cseq: 9,
      headers: ['Contact: <sip:mobile@192.0.2.66>', proof],
    });
    const refused = await sip.ask(stolen, callId);
    assert.equal(statusOf(refused), 401);
    assert.match(refused, /stale=true/i);
    await register(sip, 'mobile', 'Contact: *', ['Expires: 0']);
    sip.close();
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`behind NAT a telephone is called where it was heard from (${transport})`, async () => {
      const sip = await openRawSip(pivot, transport);
      const contact = `Contact: <sip:nat@10.99.0.55:5060;transport=${transport}>`;
      const { answer } = await register(sip, 'nat', contact);
      assert.equal(statusOf(answer), 200);
      const { phone } = await pivot.call(phones, '4');
      const invite = await heard(sip, /^INVITE (\S+) /m);
      assert.match(invite, new RegExp(`^INVITE sip:nat@10\\.99\\.0\\.55:5060;transport=${transport} `, 'm'));
      sip.send(answerTo(invite, contact, offer(sip.host, 40_000)));
      await heard(sip, /^ACK sip:nat@10\.99\.0\.55/m);
      await phone.hangup();
      await phone.ended;
      const bye = await heard(sip, /^BYE sip:nat@10\.99\.0\.55/m);
      sip.send(answerTo(bye, contact, ''));
      const removed = await register(sip, 'nat', 'Contact: *', ['Expires: 0']);
      assert.doesNotMatch(removed.answer, /^Contact:/im);
      sip.close();
    });
  }

  test('a registration is over when its time is, and too short a time is told', async () => {
    const sip = await openRawSip(pivot, 'udp');
    const { answer } = await register(sip, 'short', 'Contact: <sip:short@127.0.0.1:9>;expires=1');
    assert.match(answer, /^Contact: <sip:short@127\.0\.0\.1:9>;expires=1/im);
    for (;;) {
      const asked = await register(sip, 'short', 'X-Only: asking');
      if (!/^Contact:/im.test(asked.answer)) break;
    }
    const { phone, trace } = await pivot.call(phones, '5');
    assert.equal(await status('5'), 'no-answer');
    assert.equal((await trace.ended('dial.leg')).attributes['pivot.error.code'], 'PV-2508');
    await phone.ended;
    sip.close();
  });

  test('restarted, pivot up knows the telephones that had registered', async (t) => {
    const data = mkdtempSync(join(tmpdir(), 'pivot-registrations-'));
    t.after(() => rmSync(data, { recursive: true }));
    const manifests = office(web);
    const first = await startPivot({ options: ['--data', data], manifests });
    t.after(() => first.dispose());
    const desk = await telephone(t, 'desk', first.sip);
    await desk.event('REGISTER_OK');
    await first.stop();
    const file = join(data, 'registrations.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(file, 'utf8'), new RegExp(PASSWORD));

    const second = await startPivot({ options: ['--data', data], manifests });
    t.after(() => second.dispose());
    const incoming = desk.incoming();
    const { phone }: TracedCall = await second.call(phones, '1');
    const call = await incoming;
    await call.accept();
    await call.established;
    await call.hangUp();
    assert.equal(await status('1'), 'completed');
    await phone.ended;
  });
});

/** A REGISTER; Contact is among `headers`. */
function registerText(
  sip: RawSip,
  to: { host: string; port: number },
  { callId, user, cseq, headers }: { callId: string; user: string; cseq: number; headers: readonly string[] },
): string {
  const registrar = `sip:${to.host}:${to.port}`;
  return [
    `REGISTER ${registrar} SIP/2.0`,
    `Via: SIP/2.0/${sip.transport.toUpperCase()} ${sip.host}:${sip.port};branch=z9hG4bK-${callId}-${cseq};rport`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${to.host}>;tag=${callId}`,
    `To: <sip:${user}@${to.host}>`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} REGISTER`,
    ...headers,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

/** The first thing that came in and fits. */
async function heard(sip: RawSip, pattern: RegExp): Promise<string> {
  for (;;) {
    const found = sip.received.find((text) => pattern.test(text));
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A 200 to the (last) request in what was received. */
function answerTo(received: string, contact: string, body: string): string {
  const text = received.slice(received.search(/(?:INVITE|BYE) \S+ SIP\/2\.0/));
  const head = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  const copied = head.filter((line) => /^(?:via|from|call-id|cseq|record-route)\s*:/i.test(line));
  const to = head.find((line) => /^to\s*:/i.test(line)) ?? '';
  return [
    'SIP/2.0 200 OK',
    ...copied,
    /;tag=/.test(to) ? to : `${to};tag=nat`,
    contact,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
