/** Telephones that register, and are called wherever they are. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, startPivot, type TracedCall } from './harness.ts';
import { answerTo, heard, office, PASSWORD, registerRaw, registerText } from './office.ts';
import { type Baresip, type BaresipOptions, startBaresip } from './peers/baresip.ts';
import { requirePackages } from './peers/packages.ts';
import { offer, openRawSip, type RawSip } from './raw-sip.ts';
import { statusOf } from './sip-digest.ts';
import { startWeb, type Web } from './web.ts';

const skip = requirePackages(['baresip-core']);

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

  const register = (sip: RawSip, user: string, contact: string, headers: readonly string[] = []) =>
    registerRaw(sip, pivot, { user, headers: [contact, ...headers] });

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
