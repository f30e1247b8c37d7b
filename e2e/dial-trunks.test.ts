/** Calls out through trunks: which one, what the carrier is told, what happens when a server fails, and what is refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Dialling, startDialling, trunkManifest } from './dialling.ts';
import { callflowManifest } from './harness.ts';

const USERNAME = 'acme';
const PASSWORD = 'not-a-real-password';

describe('trunks', { concurrency: 4, timeout: 60_000 }, () => {
  let bench: Dialling;
  /** The carrier's second server. */
  let second: Phones;
  /** A port at which somebody listens and never answers. */
  const silent = createSocket('udp4');

  before(async () => {
    second = await createPhones();
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const dial = (number: number, what: string, attributes = ''): string =>
      `<Dial action="/${number}/done" ${attributes}>${what}</Dial>`;
    bench = await startDialling({
      documents: () => ({
        '1': dial(1, '212-555-0101', 'callerId="+14155550199"'),
        '2': dial(2, '+44 20 7183 8750'),
        '3': dial(3, '+1 312 555 0103'),
        '4': dial(4, '+1 312 555 0104'),
        '5': dial(5, '+1 313 555 0105'),
        '6': dial(6, '+1 314 555 0106'),
        '7': dial(7, '+1 315 555 0107'),
        '8': dial(8, '+1 212 555 0108'),
        '9': dial(9, '+1 315 555 0109'),
      }),
      manifests: (_sip, port) => {
        const both = [port, second.sipPort];
        return {
          'secret.yaml': {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: 'carrier' },
            stringData: { password: PASSWORD },
          },
          'formats.yaml': trunkManifest('formats', [port], {
            allowedPrefixes: ['+1212'],
            calledFormat: 'withoutPlus',
            callerFormat: 'national',
            fromDomain: 'acme.example',
            callerId: { default: '+14155550100', allowedPrefixes: ['+1415555019'] },
          }),
          'failover.yaml': trunkManifest('failover', both, { allowedPrefixes: ['+1312'] }),
          'silent.yaml': trunkManifest('silent', [silent.address().port, second.sipPort], {
            allowedPrefixes: ['+1313'],
            failoverMs: 500,
          }),
          'digest.yaml': trunkManifest('digest', [port], {
            allowedPrefixes: ['+1314'],
            credentials: { username: USERNAME, passwordSecretRef: { name: 'carrier', key: 'password' } },
          }),
          'full.yaml': trunkManifest('full', [port], { allowedPrefixes: ['+1315'], maxCalls: 1 }),
        };
      },
    });
  });

  after(async () => {
    await bench?.close();
    await second?.close();
    silent.close();
  });

  async function status(number: number): Promise<string | null> {
    return (await bench.told(`/${number}/done`)).get('DialCallStatus');
  }

  test('the carrier gets numbers as it wants them, and a caller id that it allows', async () => {
    const caller = await bench.call('1');
    const ringing = await bench.callees.ringing('12125550101');
    assert.match(ringing.header('From') ?? '', /^<sip:4155550199@acme\.example>/);
    assert.match(ringing.header('To') ?? '', /^<sip:12125550101@127\.0\.0\.1:\d+>/);
    assert.doesNotMatch(ringing.header('Contact') ?? '', /localhost/);
    ringing.reject(486);
    assert.equal(await status(1), 'busy');
    await caller.phone.ended;

    const other = await bench.call('8');
    const shown = await bench.callees.ringing('12125550108');
    assert.match(shown.header('From') ?? '', /^<sip:4155550100@/);
    shown.reject(486);
    assert.deepEqual(
      (await other.trace.root).events.map(({ attributes }) => attributes['pivot.error.code']),
      ['PV-2509'],
    );
    await other.phone.ended;
  });

  test('a prefix that no trunk allows is refused, with a code in the trace', async () => {
    const caller = await bench.call('2');
    assert.equal(await status(2), 'failed');
    const leg = await caller.trace.ended('dial.leg');
    assert.equal(leg.attributes['pivot.error.code'], 'PV-2502');
    assert.ok(leg.error);
    await caller.phone.ended;
  });

  test('a server that answers 503 is passed over, with a warning; busy is not', async () => {
    const caller = await bench.call('3');
    const first = await bench.callees.ringing('+13125550103');
    first.reject(503);
    const ringing = await second.ringing('+13125550103');
    assert.equal(ringing.callId, first.callId, 'it is the same leg');
    const callee = await ringing.answer();
    await callee.hangup();
    assert.equal(await status(3), 'completed');
    const leg = await caller.trace.ended('dial.leg');
    assert.ok(leg.events.some(({ attributes }) => attributes['pivot.error.code'] === 'PV-2516'));
    await caller.phone.ended;

    const busy = await bench.call('4');
    (await bench.callees.ringing('+13125550104')).reject(486);
    assert.equal(await status(4), 'busy');
    await busy.phone.ended;
    await busy.trace.root;
    assert.equal(busy.trace.events.filter(({ type, span }) => type === 'end' && span.name === 'INVITE').length, 1);
  });

  test('a server that says nothing is passed over after failoverMs', async () => {
    const caller = await bench.call('5');
    const callee = await (await second.ringing('+13135550105')).answer();
    await callee.hangup();
    assert.equal(await status(5), 'completed');
    await caller.phone.ended;
  });

  test('the carrier asks for a password and gets it by digest', async () => {
    const caller = await bench.call('6');
    const asked = await bench.callees.ringing('+13145550106');
    assert.equal(asked.header('Authorization'), undefined);
    asked.reject(401, { 'WWW-Authenticate': 'Digest realm="carrier", nonce="abc", algorithm=MD5, qop="auth"' });
    const proven = await bench.callees.ringing('+13145550106');
    assertDigest(proven.header('Authorization') ?? '', 'INVITE');
    const callee = await proven.answer();
    await callee.hangup();
    assert.equal(await status(6), 'completed');
    const { lines } = bench.pivot.program;
    assert.ok(!lines.some((line) => line.includes(PASSWORD)));
    await caller.phone.ended;
  });

  test('past maxCalls a trunk takes no more; when a call is over it does again', async () => {
    const first = await bench.call('7');
    const callee = await (await bench.callees.ringing('+13155550107')).answer();
    const more = await bench.call('9');
    assert.equal(await status(9), 'failed');
    assert.equal((await more.trace.ended('dial.leg')).attributes['pivot.error.code'], 'PV-2503');
    await more.phone.ended;
    await callee.hangup();
    assert.equal(await status(7), 'completed');
    await first.phone.ended;
    const again = await bench.call('9');
    (await bench.callees.ringing('+13155550109')).reject(486);
    assert.equal(await status(9), 'busy');
    await again.phone.ended;
  });
});

/** RFC 7616 section 3.4.1, with MD5 and `qop=auth`. */
function assertDigest(header: string, method: string): void {
  const parts = new Map(
    [...header.matchAll(/(\w+)=(?:"([^"]*)"|([^,\s]+))/g)].map(([, name, quoted, plain]) => [name!, quoted ?? plain!]),
  );
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const part = (name: string): string => parts.get(name) ?? '';
  const response = md5(
    [
      md5(`${USERNAME}:carrier:${PASSWORD}`),
      ...['nonce', 'nc', 'cnonce', 'qop'].map(part),
      md5(`${method}:${part('uri')}`),
    ].join(':'),
  );
  assert.equal(part('username'), USERNAME);
  assert.equal(part('response'), response, header);
}

describe('the address policy holds for calls', { timeout: 60_000 }, () => {
  test('a <Sip> host that may not be asked for a webhook may not be called either', async (t) => {
    const phones = await createPhones();
    t.after(() => phones.close());
    const document = `<Response><Dial><Sip>sip:bob@127.0.0.1:${phones.sipPort}</Sip></Dial></Response>`;
    const bench = await startDialling({
      documents: () => ({}),
      options: ['--deny', 'private'],
      manifests: () => ({
        'dial.yaml': callflowManifest('dial', ['1'], {
          flow: { module: 'pivot', data: { serverless: { flow_doc: document, flow_type: 'text/xml' } } },
        }),
      }),
    });
    t.after(() => bench.close());
    const called = phones.ringing('bob').then(() => true);
    const caller = await bench.call('1');
    const leg = await caller.trace.ended('dial.leg');
    assert.equal(leg.attributes['pivot.error.code'], 'PV-2506');
    assert.match(String(leg.attributes['pivot.error.message']), /127\.0\.0\.1 is a loopback/);
    await caller.phone.ended;
    assert.equal(await Promise.race([called, Promise.resolve(false)]), false);
  });
});
