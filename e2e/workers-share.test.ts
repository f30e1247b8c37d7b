/** Several workers and one Redis: a telephone that registered with one is called by all. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, startPivot } from './harness.ts';
import { answerTo, heard, office, PASSWORD, registerRaw } from './office.ts';
import { startBaresip } from './peers/baresip.ts';
import { requirePackages } from './peers/packages.ts';
import { offer, openRawSip } from './raw-sip.ts';
import { startRedis } from './redis.ts';
import { startWeb, type Web } from './web.ts';

const redis = await startRedis();
const skip = redis === undefined ? 'redis-server is not installed' : requirePackages(['baresip-core']);

describe('two workers and one Redis', { timeout: 90_000, skip }, () => {
  let web: Web;
  let one: Pivot;
  let two: Pivot;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    const manifests = office(web);
    const start = (): Promise<Pivot> =>
      startPivot({
        manifests,
        env: { PIVOT_REDIS: redis!.url },
        options: ['--redis-prefix', 'test:', '--log', 'info'],
      });
    [one, two] = await Promise.all([start(), start()]);
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await one?.dispose();
    await two?.dispose();
    await web?.close();
    await redis?.stop();
  });

  async function status(number: string): Promise<string | null> {
    return new URLSearchParams((await web.request(`/${number}/done`)).body).get('DialCallStatus');
  }

  test('a telephone that registered with one is called by the other', async (t: TestContext) => {
    const desk = await startBaresip({
      user: 'desk',
      registrar: one.sip,
      account: `auth_user=desk;auth_pass=${PASSWORD}`,
    });
    t.after(() => desk.close());
    await desk.event('REGISTER_OK');
    for (const pivot of [two, one]) {
      const incoming = desk.incoming();
      const { phone } = await pivot.call(phones, '1');
      const call = await incoming;
      await call.accept();
      await call.established;
      await call.hangUp();
      assert.equal(await status('1'), 'completed');
      await phone.ended;
    }
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`one behind NAT is called through the worker that it knows (${transport})`, async () => {
      const sip = await openRawSip(one, transport);
      const contact = `Contact: <sip:nat@10.99.0.55:5060;transport=${transport}>`;
      await registerRaw(sip, one, { user: 'nat', headers: [contact] });
      const { phone } = await two.call(phones, '4');
      const invite = await heard(sip, /^INVITE sip:nat@10\.99\.0\.55/m);
      assert.match(invite, new RegExp(`^Via: SIP/2\\.0/${transport.toUpperCase()} 127\\.0\\.0\\.1:${one.port};`, 'm'));
      assert.doesNotMatch(invite, /X-Pivot-Ticket/i);
      sip.send(answerTo(invite, contact, offer(sip.host, 40_000)));
      await heard(sip, /^ACK /m);
      await phone.hangup();
      await phone.ended;
      const bye = await heard(sip, /^BYE /m);
      sip.send(answerTo(bye, contact, ''));
      await registerRaw(sip, one, { user: 'nat', headers: ['Contact: *', 'Expires: 0'] });
      sip.close();
    });
  }

  test('who is busy there is busy here', async () => {
    const sip = await openRawSip(one, 'udp');
    const contact = 'Contact: <sip:nat@10.99.0.66:5060>';
    await registerRaw(sip, one, { user: 'nat', headers: [contact] });
    const { phone } = await two.call(phones, '6');
    const invite = await heard(sip, /^INVITE sip:nat@10\.99\.0\.66/m);
    sip.send(answerTo(invite, contact, '', '486 Busy Here'));
    assert.equal(await status('6'), 'busy');
    await phone.ended;
    await registerRaw(sip, one, { user: 'nat', headers: ['Contact: *', 'Expires: 0'] });
    sip.close();
  });

  test('who is called in vain there is cancelled', async () => {
    const sip = await openRawSip(one, 'udp');
    const contact = 'Contact: <sip:nat@10.99.0.77:5060>';
    await registerRaw(sip, one, { user: 'nat', headers: [contact] });
    const { phone } = await two.call(phones, '6');
    const invite = await heard(sip, /^INVITE sip:nat@10\.99\.0\.77/m);
    sip.send(answerTo(invite, contact, '', '180 Ringing'));
    await phone.hangup();
    const cancel = await heard(sip, /^CANCEL sip:nat@10\.99\.0\.77/m);
    sip.send(answerTo(cancel, contact, ''));
    sip.send(answerTo(invite, contact, '', '487 Request Terminated'));
    await phone.ended;
    await registerRaw(sip, one, { user: 'nat', headers: ['Contact: *', 'Expires: 0'] });
    sip.close();
  });

  test('an INVITE with a ticket that nobody has issued is like any other', async () => {
    const sip = await openRawSip(one, 'udp');
    const { phone } = await one.call(phones, '9999', { headers: { 'X-Pivot-Ticket': '0'.repeat(32) } });
    assert.equal((await phone.ended).status, 404);
    sip.close();
  });

  test('without Redis a telephone is told to come back, and those that are known here are called', async (t) => {
    const desk = await startBaresip({
      user: 'desk',
      registrar: two.sip,
      account: `auth_user=desk;auth_pass=${PASSWORD}`,
    });
    t.after(() => desk.close());
    await desk.event('REGISTER_OK');
    await redis!.stop();
    const sip = await openRawSip(two, 'udp');
    const { answer } = await registerRaw(sip, two, { user: 'mobile', headers: ['Contact: <sip:mobile@127.0.0.1:9>'] });
    assert.match(answer, /^SIP\/2\.0 503 /);
    assert.match(answer, /^Retry-After: /im);
    const incoming = desk.incoming();
    const { phone } = await two.call(phones, '1');
    const call = await incoming;
    await call.accept();
    await call.established;
    await call.hangUp();
    assert.equal(await status('1'), 'completed');
    await phone.ended;
    sip.close();
    for (const { program } of [one, two]) {
      assert.ok(program.lines.some((line) => line.includes('PV-2301')));
      assert.ok(!program.lines.some((line) => line.includes(redis!.password) || line.includes(PASSWORD)));
    }
  });
});
