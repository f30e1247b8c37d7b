/** Whose calls are taken: telephones that know their password, carriers at their addresses, and nobody who pretends, guesses or repeats. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { trunkManifest } from './dialling.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from './harness.ts';
import { startBaresip } from './peers/baresip.ts';
import { requirePackages } from './peers/packages.ts';
import { offer, openRawSip, type RawSip, request } from './raw-sip.ts';
import { authorization, retryAfter, statusOf } from './sip-digest.ts';
import { rootOf, spansOf } from './trace.ts';
import { startWeb, twiml, type Web } from './web.ts';

const skip = requirePackages(['baresip-core']);
const PASSWORD = 'not-a-real-password';

function device(name: string, username: string, more: object = {}): object {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotDevice',
    metadata: { name },
    spec: { credentials: { username, passwordSecretRef: { name: 'phones', key: 'password' } }, ...more },
  };
}

describe('a door that is closed', { timeout: 60_000 }, () => {
  let web: Web;
  let pivot: Pivot;

  before(async () => {
    web = await startWeb();
    web.on('/hello', twiml('<Play>tone_stream://%(500,0,440)</Play>'));
    web.on('/abroad', twiml('<Dial action="/abroad/done">+44 20 7183 8750</Dial>'));
    web.on('/abroad/done', twiml('<Hangup/>'));
    web.on('/far', twiml('<Dial action="/far/done">+44 20 7183 8750</Dial>'));
    web.on('/far/done', twiml('<Hangup/>'));
    pivot = await startPivot({
      options: ['--inbound', 'authenticated'],
      manifests: {
        'secret.yaml': {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'phones' },
          stringData: { password: PASSWORD },
        },
        'desk.yaml': device('desk', 'desk-101', { callerId: { number: '+14155550101' } }),
        'other.yaml': device('other', 'desk-102'),
        'ann.yaml': {
          apiVersion: 'pivot.voice/v1alpha1',
          kind: 'PivotUser',
          metadata: { name: 'ann' },
          spec: { name: 'Ann', devices: ['desk'] },
        },
        'carrier.yaml': trunkManifest('carrier', [9], {
          allowedPrefixes: ['+1'],
          maxCalls: 1,
          inbound: { addresses: ['127.0.0.2'] },
        }),
        'hello.yaml': pivotManifest('hello', ['100', '+14155550100'], `${web.url}/hello`, { req_format: 'kazoo' }),
        'abroad.yaml': pivotManifest('abroad', ['200'], `${web.url}/abroad`),
        'far.yaml': pivotManifest('far', ['300'], `${web.url}/far`),
        // What scanners hope for: a callflow that calls whatever was dialled.
        'out.yaml': callflowManifest('out', ['no_match'], { flow: { module: 'offnet', data: {} } }),
      },
    });
  });

  after(async () => {
    await pivot?.dispose();
    await web?.close();
  });

  async function knock(
    sip: RawSip,
    user: string,
    headers: readonly string[] = [],
    cseq = 1,
    callId: string = randomUUID(),
  ) {
    const text = request('INVITE', sip, pivot, {
      callId,
      user,
      cseq,
      branch: `${callId}-${cseq}`,
      headers,
      body: offer(sip.host, 40_000),
    });
    return { callId, response: await sip.ask(text, `${callId}\r\nCSeq: ${cseq} INVITE`) };
  }

  const proof = (user: string, username = 'desk-101', password = PASSWORD, nc = 1) => ({
    method: 'INVITE',
    uri: `sip:${user}@${pivot.host}:${pivot.port}`,
    username,
    password,
    nc,
  });

  test('a telephone with its password is let in; it is who the device is, not who it says to be', {
    skip,
  }, async () => {
    const phone = await startBaresip({ user: '+12125550199', account: `auth_user=desk-101;auth_pass=${PASSWORD}` });
    try {
      const asked = web.request('/hello');
      const call = await phone.dial(`sip:100@${pivot.sip}`);
      await call.established;
      await call.tone(440);
      const { parameters } = await asked;
      const parameter = (name: string) => parameters.get(name);
      assert.equal(parameter('From'), 'desk-101');
      assert.equal(parameter('Caller-ID-Number'), '+14155550101');
      assert.equal(parameter('Caller-ID-Name'), 'Ann');
      assert.equal(parameter('User-ID'), 'ann');
      await call.closed;
      const root = await rootOf(pivot.http, parameter('Call-ID')!);
      assert.equal(root.attributes['pivot.device'], 'default/desk');
    } finally {
      await phone.close();
    }
    assert.ok(!pivot.program.lines.some((line) => line.includes(PASSWORD)));
  });

  test('one without is asked, and refused with a code when it does not answer, whatever it wanted', async () => {
    const sip = await openRawSip(pivot, 'udp');
    const { callId, response } = await knock(sip, '+19005550199');
    assert.equal(statusOf(response), 401);
    assert.deepEqual(algorithmsOf(response), ['MD5']);
    const root = await rootOf(pivot.http, callId);
    assert.equal(root.attributes['pivot.error.code'], 'PV-2601');
    assert.equal(root.attributes['network.peer.address'], '127.0.0.1');
    sip.close();
  });

  test('a digest serves once', async () => {
    const sip = await openRawSip(pivot, 'tcp');
    const first = await knock(sip, '200');
    const proven = authorization(first.response, proof('200'));
    // 200 dials a number that no trunk may call.
    const taken = await knock(sip, '200', [proven], 2, first.callId);
    assert.notEqual(statusOf(taken.response), 401);
    const again = await knock(sip, '200', [proven]);
    assert.equal(statusOf(again.response), 401);
    assert.match(again.response, /stale=true/i);
    assert.equal((await rootOf(pivot.http, again.callId)).attributes['pivot.error.code'], 'PV-2603');
    const elsewhere = await knock(sip, '+19005550199', [
      authorization(first.response, proof('200', undefined, undefined, 2)),
    ]);
    assert.equal(statusOf(elsewhere.response), 403);
    assert.equal((await rootOf(pivot.http, elsewhere.callId)).attributes['pivot.error.code'], 'PV-2602');
    sip.close();
  });

  test('a device gets no further than its trunks allow', { skip }, async () => {
    const phone = await startBaresip({ user: 'x', account: `auth_user=desk-102;auth_pass=${PASSWORD}` });
    try {
      const done = web.request('/far/done');
      const call = await phone.dial(`sip:300@${pivot.sip}`);
      const told = new URLSearchParams((await done).body);
      assert.equal(told.get('DialCallStatus'), 'failed');
      await call.closed;
      const spans = await spansOf(pivot.http, told.get('CallSid')!);
      const leg = spans.find(({ name }) => name === 'dial.leg');
      assert.equal(leg?.attributes['pivot.error.code'], 'PV-2502');
    } finally {
      await phone.close();
    }
  });

  test('a carrier is known by its address; it has as many calls as its trunk allows', { skip }, async () => {
    const carrier = await startBaresip({ host: '127.0.0.2', user: '+12125550100' });
    const more = await startBaresip({ host: '127.0.0.2', user: '+12125550100' });
    try {
      const call = await carrier.dial(`sip:+14155550100@${pivot.sip}`);
      await call.established;
      const second = await more.dial(`sip:+14155550100@${pivot.sip}`);
      assert.match(await second.closed, /^503/);
      await call.closed;
      const third = await more.dial(`sip:+14155550100@${pivot.sip}`);
      await third.established;
      await third.hangUp();
    } finally {
      await carrier.close();
      await more.close();
    }
  });

  test('who guesses is soon not listened to any more, and those who are known go on', { skip }, async () => {
    const known = await startBaresip({ user: 'x', account: `auth_user=desk-102;auth_pass=${PASSWORD}` });
    const sip = await openRawSip(pivot, 'udp');
    try {
      const before = await known.dial(`sip:100@${pivot.sip}`);
      await before.established;
      await before.hangUp();
      const statuses: number[] = [];
      let last = '';
      for (let guess = 0; guess < 14 && !/^Retry-After/im.test(last); guess += 1) {
        const asked = await knock(sip, '100');
        const wrong = authorization(asked.response, proof('100', 'desk-101', `guess ${guess}`));
        last = (await knock(sip, '100', [wrong], 2, asked.callId)).response;
        statuses.push(statusOf(last));
      }
      assert.ok(statuses.every((status) => status === 403) && statuses.length <= 11, statuses.join(' '));
      assert.ok(retryAfter(last) > 0);
      const right = await knock(sip, '100');
      const refused = await knock(sip, '100', [authorization(right.response, proof('100'))], 2, right.callId);
      assert.equal(statusOf(refused.response), 403);
      const { counters } = await admissions();
      assert.ok((counters.get('refused') ?? 0) >= 11);
      const after = await known.dial(`sip:100@${pivot.sip}`);
      await after.established;
      await after.hangUp();
    } finally {
      sip.close();
      await known.close();
    }
  });

  test('both algorithms are offered on demand, the better one first', async () => {
    const other = await startPivot({ options: ['--inbound', 'authenticated', '--digest', 'both'], manifests: {} });
    const sip = await openRawSip(other, 'udp');
    try {
      const callId = randomUUID();
      const response = await sip.ask(request('INVITE', sip, other, { callId, body: offer(sip.host, 40_000) }), callId);
      assert.deepEqual(algorithmsOf(response), ['SHA-256', 'MD5']);
    } finally {
      sip.close();
      await other.dispose();
    }
  });

  async function admissions(): Promise<{ counters: ReadonlyMap<string, number> }> {
    const text = await (await fetch(`${pivot.http}/metrics`)).text();
    const lines = [...text.matchAll(/^pivot_admissions_total\{result="([\w-]+)"[^}]*\} (\d+)/gm)];
    return { counters: new Map(lines.map(([, result = '', count]) => [result, Number(count)])) };
  }
});

/** Of each challenge. */
function algorithmsOf(response: string): (string | undefined)[] {
  const challenges = response.match(/^WWW-Authenticate: Digest .*$/gim) ?? [];
  return challenges.map((line) => /algorithm=([\w-]+)/.exec(line)?.[1]);
}
