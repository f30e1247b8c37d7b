import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admissionCodes } from '../../crds/errors/admission.ts';
import type { CompiledTrunk, ResourceKey, RoutingTable, SecretValues } from '../../crds/routing-table.ts';
import { fakeRequest } from '../call/testing/fake-sip.ts';
import { Router } from '../routing/router.ts';
import { readInvite } from '../sip/invite.ts';
import { NO_METRICS } from '../telemetry/metrics.ts';
import { type Admission, createAdmit } from './admission.ts';
import { createAttempts } from './attempts.ts';
import { createAuthenticator } from './authenticator.ts';
import { createDirectory } from './directory.ts';
import type { InboundMode } from './inbound-mode.ts';
import { createNonces } from './nonces.ts';
import { answerTo } from './testing/digest-client.ts';

const PASSWORD = 'not-a-real-password';
const DEVICE = { ringSeconds: 20, maxContacts: 3, doNotDisturb: false } as const;
const password = (name: string) => ({ secretKeyRef: { namespace: 'acme', name: 'phones', key: name } });
const callflow = (key: ResourceKey) => {
  const [account = '', name = ''] = key.split('/');
  return { key, account, name, generation: 1, flow: { module: 'noop', data: {} } };
};
const trunk = (addresses: readonly string[], more: Partial<CompiledTrunk> = {}): CompiledTrunk => ({
  servers: [{ host: 'carrier.example', transport: 'udp', priority: 10, weight: 10 }],
  calledFormat: 'e164',
  callerFormat: 'e164',
  failoverMs: 4000,
  inbound: { addresses: [...addresses] },
  ...more,
});
const TABLE: RoutingTable = {
  version: 'v1',
  defaultAccount: 'default',
  baseDomain: 'pivot.example.com',
  realms: {},
  routes: [{ kind: 'e164', number: '+14155550100', callflow: 'beta/line' }],
  callflows: { 'beta/line': callflow('beta/line') },
  devices: {
    'acme/desk': {
      ...DEVICE,
      credentials: { username: '101', password: password('desk') },
      callerId: { number: '+14155550101' },
    },
    'acme/bare': { ...DEVICE, credentials: { username: '102', password: password('bare') } },
    'acme/lost': { ...DEVICE, credentials: { username: '103', password: password('lost') } },
  },
  users: {
    'acme/ann': {
      name: 'Ann',
      devices: ['acme/desk'],
      ringStrategy: 'simultaneous',
      ringSeconds: 20,
      doNotDisturb: false,
    },
  },
  trunks: {
    'acme/carrier': trunk(['198.51.100.0/24'], { maxCalls: 3 }),
    'beta/carrier': trunk(['198.51.100.0/24', '2001:db8::/32'], { countryCode: '1' }),
  },
};
const SECRETS: SecretValues = new Map([
  ['acme/phones/desk', PASSWORD],
  ['acme/phones/bare', PASSWORD],
]);

interface Call {
  readonly from?: string;
  readonly to?: string;
  readonly source?: string;
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function door(mode: InboundMode): (call: Call) => Admission {
  const router = new Router(TABLE);
  const directory = createDirectory(TABLE, SECRETS);
  const authenticator = createAuthenticator({
    nonces: createNonces({ now: Date.now }),
    attempts: createAttempts(Date.now),
    digest: 'md5',
  });
  const admit = createAdmit({ mode, authenticator, metrics: NO_METRICS });
  return ({ from = 'sip:101@acme.pivot.example.com', to = '2030', source = '192.0.2.1', authorization, headers }) => {
    const request = Object.assign(
      fakeRequest({
        uri: `sip:${to}@acme.pivot.example.com`,
        headers: {
          From: `<${from}>;tag=1`,
          ...headers,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
      }),
      { source_address: source },
    );
    const read = readInvite(request);
    assert.ok(read.ok);
    return admit(request, read.invite, router, directory);
  };
}

/** Calls, and answers the challenge. */
function prove(call: (one: Call) => Admission, username: string, given = PASSWORD, one: Call = {}): Admission {
  const asked = call(one);
  assert.ok(asked.kind === 'challenge', asked.kind);
  const uri = `sip:${one.to ?? '2030'}@acme.pivot.example.com`;
  const challenge = asked.headers['WWW-Authenticate']!;
  const authorization = answerTo(challenge, { method: 'INVITE', uri, username, password: given, nc: 1 });
  return call({ ...one, authorization });
}

describe('an INVITE', () => {
  it('of a device that knows its password is taken, with the caller id of the device and its owners', () => {
    const admission = prove(door('authenticated'), '101');
    assert.ok(admission.kind === 'admitted');
    const { caller, account, userIds, invite } = admission;
    assert.deepEqual(caller, { kind: 'device', device: 'acme/desk' });
    assert.deepEqual([account, userIds], ['acme', ['ann']]);
    assert.deepEqual([invite.callerIdNumber, invite.callerIdName], ['+14155550101', 'Ann']);
    assert.deepEqual(invite.from, { user: '101', host: 'acme.pivot.example.com' });
  });

  it("whose From is another's is the device's all the same; withheld it stays", () => {
    const spoofed = prove(door('authenticated'), '102', PASSWORD, {
      from: 'sip:+12125550199@bank.example',
      headers: {},
    });
    assert.ok(spoofed.kind === 'admitted');
    assert.equal(spoofed.invite.callerIdNumber, '102');
    assert.equal(spoofed.invite.from.user, '102');
    const hidden = prove(door('authenticated'), '101', PASSWORD, { headers: { Privacy: 'id' } });
    assert.ok(hidden.kind === 'admitted');
    assert.equal(hidden.invite.callerIdNumber, '');
  });

  it('with a wrong password, or of a user that there is not, is refused with the same words', () => {
    const refusals = [prove(door('authenticated'), '101', 'guess'), prove(door('authenticated'), '999')] as const;
    for (const refusal of refusals) {
      assert.ok(refusal.kind === 'refused');
      assert.deepEqual([refusal.status, refusal.fault.code], [403, admissionCodes.wrongCredentials.code]);
    }
  });

  it('whose password is not there is refused for now', () => {
    const refusal = prove(door('authenticated'), '103');
    assert.ok(refusal.kind === 'refused');
    assert.deepEqual([refusal.status, refusal.fault.code], [503, admissionCodes.passwordUnknown.code]);
  });

  it('with a digest that was used before, or for another number, does not go through', () => {
    const call = door('authenticated');
    const asked = call({});
    assert.ok(asked.kind === 'challenge');
    const answer = {
      method: 'INVITE',
      uri: 'sip:2030@acme.pivot.example.com',
      username: '101',
      password: PASSWORD,
      nc: 1,
    };
    const authorization = answerTo(asked.headers['WWW-Authenticate']!, answer);
    assert.equal(call({ authorization }).kind, 'admitted');
    const again = call({ authorization });
    assert.ok(again.kind === 'challenge');
    assert.equal(again.refusal?.fault.code, admissionCodes.replayed.code);
    assert.match(again.headers['WWW-Authenticate']!, /stale=true/);
    const other = answerTo(asked.headers['WWW-Authenticate']!, { ...answer, nc: 2 });
    const elsewhere = call({ authorization: other, to: '+19005550100' });
    assert.ok(elsewhere.kind === 'refused');
    assert.equal(elsewhere.fault.code, admissionCodes.wrongCredentials.code);
  });

  it('with a nonce of another worker is asked anew, and nobody is to blame', () => {
    const asked = door('authenticated')({});
    assert.ok(asked.kind === 'challenge');
    const authorization = answerTo(asked.headers['WWW-Authenticate']!, {
      method: 'INVITE',
      uri: 'sip:2030@acme.pivot.example.com',
      username: '101',
      password: PASSWORD,
      nc: 1,
    });
    const elsewhere = door('authenticated')({ authorization });
    assert.ok(elsewhere.kind === 'challenge');
    assert.equal(elsewhere.refusal, undefined);
    assert.match(elsewhere.headers['WWW-Authenticate']!, /stale=true/);
  });

  it('after ten wrong passwords is refused with Retry-After, even with the right one; the first time it is news', () => {
    const call = door('authenticated');
    for (let n = 0; n < 10; n += 1) assert.equal(prove(call, '101', `guess ${n}`).kind, 'refused');
    const [first, second] = [prove(call, '101'), prove(call, '102')];
    assert.ok(first.kind === 'refused' && second.kind === 'refused');
    assert.deepEqual([first.status, first.fault.code], [403, admissionCodes.tooManyFailures.code]);
    assert.ok(first.retryAfterSeconds !== undefined && first.retryAfterSeconds > 0);
    assert.deepEqual([first.quiet, second.quiet], [false, true]);
  });

  it('from the address of a trunk is taken without a password, for the account whose number it is', () => {
    const call = door('authenticated');
    const numbered = call({ source: '198.51.100.7', to: '4155550100', from: 'sip:2125550100@carrier.example' });
    assert.ok(numbered.kind === 'admitted');
    assert.deepEqual(numbered.caller, { kind: 'trunk', trunk: 'beta/carrier', maxCalls: undefined });
    assert.equal(numbered.invite.request.user, '+14155550100');
    assert.equal(numbered.invite.callerIdNumber, '+12125550100');
    const other = call({ source: '::ffff:198.51.100.7', to: '2030' });
    assert.ok(other.kind === 'admitted');
    assert.deepEqual([other.caller, other.account], [{ kind: 'trunk', trunk: 'acme/carrier', maxCalls: 3 }, 'acme']);
    const six = call({ source: '2001:db8::7' });
    assert.ok(six.kind === 'admitted' && six.account === 'beta');
    assert.equal(call({ source: '198.51.101.7' }).kind, 'challenge');
  });

  it('of anybody is taken where the door is open, but not one that says to be a device', () => {
    const call = door('open');
    const anybody = call({ from: 'sip:+12125550100@phone.example' });
    assert.ok(anybody.kind === 'admitted');
    assert.deepEqual([anybody.caller.kind, anybody.account], ['anybody', undefined]);
    assert.equal(call({ from: 'sip:101@acme.pivot.example.com' }).kind, 'challenge');
    assert.equal(prove(call, '101').kind, 'admitted');
    assert.equal(prove(call, '101', 'guess').kind, 'refused');
  });

  it('that is never followed by an answer ends in refusals without a question', () => {
    const call = door('authenticated');
    for (let n = 0; n < 100; n += 1) assert.equal(call({}).kind, 'challenge');
    const refused = call({});
    assert.ok(refused.kind === 'refused');
    assert.equal(refused.fault.code, admissionCodes.tooManyFailures.code);
    assert.equal(call({ source: '192.0.2.2' }).kind, 'challenge');
  });
});
