import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault } from '../../crds/errors/fault.ts';
import type { CompiledDevice, CompiledTrunk, CompiledUser } from '../../crds/routing-table.ts';
import type { CallerId } from './caller-id.ts';
import type { Contact } from './contacts.ts';
import { type DialTarget, type Endpoint, Planner } from './planner.ts';
import { legsOf, type RingPlan, ringsAlone, type Way } from './ring-plan.ts';

const TRUNK: CompiledTrunk = {
  servers: [{ host: 'sip1.carrier.example', transport: 'udp', priority: 1, weight: 10 }],
  calledFormat: 'e164',
  callerFormat: 'e164',
  countryCode: '1',
  failoverMs: 4000,
} as unknown as CompiledTrunk;
const DEVICE: CompiledDevice = { ringSeconds: 20, maxContacts: 3, doNotDisturb: false };
const USER: CompiledUser = {
  devices: ['acme/desk', 'acme/mobile'],
  ringStrategy: 'simultaneous',
  ringSeconds: 20,
  doNotDisturb: false,
};
const ALICE: CallerId = { number: '+14155550100', name: 'Alice' };

interface Given {
  readonly trunks?: Record<string, Partial<CompiledTrunk>>;
  readonly devices?: Record<string, Partial<CompiledDevice>>;
  readonly users?: Record<string, Partial<CompiledUser>>;
  readonly contacts?: Record<string, readonly Contact[]>;
  readonly secrets?: Record<string, string>;
  readonly callerId?: CallerId;
  readonly except?: Endpoint['except'];
}

async function plan(target: DialTarget, given: Given = {}): Promise<{ plan: RingPlan; warnings: Fault[] }> {
  const warnings: Fault[] = [];
  const record = <T>(entries: Record<string, Partial<T>> | undefined, defaults: T) =>
    Object.fromEntries(Object.entries(entries ?? {}).map(([key, value]) => [key, { ...defaults, ...value }]));
  const planner = new Planner({
    account: 'acme',
    table: {
      trunks: record(given.trunks, TRUNK),
      devices: record(given.devices, DEVICE),
      users: record(given.users, USER),
    },
    secrets: new Map(Object.entries(given.secrets ?? {})),
    random: () => 0,
    contacts: { contactsOf: async (device) => given.contacts?.[device] ?? [] },
    warn: (fault) => warnings.push(fault),
  });
  const except = given.except === undefined ? {} : { except: given.except };
  return { plan: await planner.plan({ target, wish: {}, ...except }, given.callerId ?? ALICE), warnings };
}

function waysOf(plan: RingPlan): readonly Way[] {
  assert.equal(plan.kind, 'leg');
  return plan.kind === 'leg' ? plan.leg.ways : [];
}

function failureOf(plan: RingPlan): unknown {
  return plan.kind === 'nobody' ? [plan.failure.fault?.code, plan.failure.status, plan.failure.cause] : plan.kind;
}

const number = (text: string): DialTarget => ({ kind: 'number', number: text });

describe('numbers go through a trunk of the namespace', () => {
  test('normalised, written as the trunk wants it, with the caller’s number', async () => {
    const { plan: found } = await plan(number('415-123-4567'), {
      trunks: { 'acme/carrier': { calledFormat: 'withoutPlus', callerFormat: 'national', fromDomain: 'acme.example' } },
    });
    const [way] = waysOf(found);
    assert.equal(way?.uri, 'sip:14151234567@sip1.carrier.example');
    assert.equal(way?.headers['From'], '"Alice" <sip:4155550100@acme.example>');
    assert.equal(way?.trunk?.key, 'acme/carrier');
  });

  test('the trunk with the longest allowed prefix first, then by name; each with its servers by priority', async () => {
    const servers = ['b', 'a'].map(
      (host, index) => ({ host, transport: 'udp', priority: 2 - index, weight: 1 }) as const,
    );
    const { plan: found } = await plan(number('+14151234567'), {
      trunks: {
        'acme/z': { allowedPrefixes: ['+1415'], servers },
        'acme/any': {},
        'acme/one': { allowedPrefixes: ['+1'] },
        'acme/uk': { allowedPrefixes: ['+44'] },
        'other/theirs': {},
      },
    });
    assert.deepEqual(
      waysOf(found).map(({ trunk, host }) => `${trunk?.key} ${host.host}`),
      ['acme/z a', 'acme/z b', 'acme/one sip1.carrier.example', 'acme/any sip1.carrier.example'],
    );
  });

  test('without a trunk, with a prefix that no trunk allows, without digits: refused', async () => {
    assert.deepEqual(failureOf((await plan(number('+14151234567'), { trunks: { 'other/theirs': {} } })).plan), [
      'PV-2501',
      'failed',
      'NO_ROUTE_DESTINATION',
    ]);
    const uk = { trunks: { 'acme/uk': { allowedPrefixes: ['+44'] } } };
    assert.deepEqual(failureOf((await plan(number('+14151234567'), uk)).plan), [
      'PV-2502',
      'failed',
      'OUTGOING_CALL_BARRED',
    ]);
    assert.deepEqual(failureOf((await plan(number('none'), uk)).plan), ['PV-2504', 'failed', 'INVALID_NUMBER_FORMAT']);
  });

  test('a caller id that the trunk does not allow is replaced by its default, or withheld, with a warning', async () => {
    const rules = { allowedPrefixes: ['+1212'], default: '+12125550100' };
    const replaced = await plan(number('+14151234567'), { trunks: { 'acme/carrier': { callerId: rules } } });
    assert.match(waysOf(replaced.plan)[0]!.headers['From']!, /^<sip:\+12125550100@/);
    assert.deepEqual(
      replaced.warnings.map(({ code }) => code),
      ['PV-2509'],
    );
    const withheld = await plan(number('+14151234567'), {
      trunks: { 'acme/carrier': { callerId: { allowedPrefixes: ['+1212'] } } },
    });
    assert.match(waysOf(withheld.plan)[0]!.headers['From']!, /anonymous/);
    assert.equal(waysOf(withheld.plan)[0]!.headers['P-Asserted-Identity'], undefined);
  });

  test('a hidden number is told to the carrier only', async () => {
    const hidden = { ...ALICE, hide: { number: true, name: true } };
    const carrier = await plan(number('+14151234567'), { trunks: { 'acme/carrier': {} }, callerId: hidden });
    const { From, Privacy, 'P-Asserted-Identity': asserted } = waysOf(carrier.plan)[0]!.headers;
    assert.deepEqual(
      [From, Privacy, asserted],
      ['"Anonymous" <sip:anonymous@anonymous.invalid>', 'id', '<sip:+14155550100@sip1.carrier.example>'],
    );
    const other = await plan({ kind: 'sip', address: 'sip:bob@192.0.2.1' }, { callerId: hidden });
    assert.equal(waysOf(other.plan)[0]!.headers['P-Asserted-Identity'], undefined);
  });

  test('credentials come from the Secret; without it, a warning', async () => {
    const password = { secretKeyRef: { namespace: 'acme', name: 'carrier', key: 'password' } };
    const trunks = { 'acme/carrier': { credentials: { username: 'acme', password } } };
    const found = await plan(number('+14151234567'), { trunks, secrets: { 'acme/carrier/password': 's3cret' } });
    assert.deepEqual(waysOf(found.plan)[0]!.auth, { username: 'acme', password: 's3cret' });
    const missing = await plan(number('+14151234567'), { trunks });
    assert.equal(waysOf(missing.plan)[0]!.auth, undefined);
    assert.deepEqual(
      missing.warnings.map(({ code }) => code),
      ['PV-2517'],
    );
  });
});

describe('devices and users', () => {
  const device: DialTarget = { kind: 'device', name: 'desk' };
  const user: DialTarget = { kind: 'user', name: 'ann' };

  test('a device rings at all its registrations, sent to where they came from; else at its fixed address', async () => {
    const devices = { 'acme/desk': { uri: 'sip:desk@192.0.2.9:5070' } };
    const contacts = {
      'acme/desk': [
        { uri: 'sip:1@10.0.0.5', route: 'sip:198.51.100.7:40000' },
        { uri: 'sip:2@192.0.2.8;transport=tcp' },
      ],
    };
    const { plan: registered } = await plan(device, { devices, contacts });
    assert.equal(registered.kind, 'together');
    assert.equal(legsOf(registered), 2);
    assert.ok(!ringsAlone(registered));
    const [first] = waysOf(registered.kind === 'together' ? registered.of[0]! : registered);
    assert.deepEqual([first?.uri, first?.route], ['sip:1@10.0.0.5', 'sip:198.51.100.7:40000']);
    const [fixed] = waysOf((await plan(device, { devices })).plan);
    assert.deepEqual([fixed?.uri, fixed?.route], ['sip:desk@192.0.2.9:5070', undefined]);
  });

  test('one that is not there, not registered, not to be disturbed, or at an address that cannot be read', async () => {
    assert.deepEqual(failureOf((await plan(device)).plan), ['PV-2507', 'failed', 'UNALLOCATED_NUMBER']);
    assert.deepEqual(failureOf((await plan(user)).plan), ['PV-2507', 'failed', 'UNALLOCATED_NUMBER']);
    const unregistered = { devices: { 'acme/desk': {} } };
    assert.deepEqual(failureOf((await plan(device, unregistered)).plan), [
      'PV-2508',
      'no-answer',
      'USER_NOT_REGISTERED',
    ]);
    const quiet = { devices: { 'acme/desk': { doNotDisturb: true, uri: 'sip:desk@192.0.2.9' } } };
    assert.deepEqual(failureOf((await plan(device, quiet)).plan), [undefined, 'busy', 'USER_BUSY']);
    const broken = { devices: { 'acme/desk': { uri: 'sip:desk@host;transport=smoke' } } };
    assert.deepEqual(failureOf((await plan(device, broken)).plan), ['PV-2505', 'failed', 'INVALID_NUMBER_FORMAT']);
  });

  const both = {
    devices: { 'acme/desk': { uri: 'sip:desk@192.0.2.9' }, 'acme/mobile': { uri: 'sip:mobile@192.0.2.8' } },
  };

  test('a user’s devices ring together, or one after the other each for its time', async () => {
    assert.equal((await plan(user, { ...both, users: { 'acme/ann': {} } })).plan.kind, 'together');
    const { plan: inOrder } = await plan(user, {
      ...both,
      users: { 'acme/ann': { ringStrategy: 'single', ringSeconds: 7 } },
    });
    assert.ok(inOrder.kind === 'inOrder' && ringsAlone(inOrder));
    assert.deepEqual(
      inOrder.of.map((one) => one.kind === 'within' && one.ms),
      [7000, 7000],
    );
  });

  test('the calling device is left out', async () => {
    const found = await plan(user, { ...both, users: { 'acme/ann': {} }, except: new Set(['acme/desk'] as const) });
    assert.equal(legsOf(found.plan), 1);
  });

  test('forward: always, or where the devices fail so', async () => {
    const trunks = { 'acme/carrier': {} };
    const forward = (when: readonly string[], more: object = {}) => ({
      ...both,
      trunks,
      users: { 'acme/ann': { forward: { to: '+12125550111', when, keepCallerId: true, ...more } } as never },
    });
    const always = await plan(user, forward(['always'], { keepCallerId: false }));
    assert.match(waysOf(always.plan)[0]!.uri, /\+12125550111/);
    const { plan: busy } = await plan(user, forward(['busy']));
    assert.ok(busy.kind === 'instead');
    const goes = (status: 'busy' | 'no-answer', cause: string): boolean => busy.when({ status, cause });
    assert.deepEqual([goes('busy', 'USER_BUSY'), goes('no-answer', 'NO_ANSWER')], [true, false]);
    const { plan: away } = await plan(user, forward(['unreachable']));
    assert.ok(away.kind === 'instead');
    assert.ok(away.when({ status: 'no-answer', cause: 'USER_NOT_REGISTERED' }));
    assert.ok(!away.when({ status: 'no-answer', cause: 'NO_ANSWER' }));
  });
});
