import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Dialled } from '../../dial/dial.ts';
import type { RingPlan } from '../../dial/ring-plan.ts';
import { FakeDialler } from '../../dial/testing/fake-dialler.ts';
import { flowOf, runFlow } from '../testing/run-flow.ts';

const BUSY = { status: 'busy', cause: 'USER_BUSY', sipStatus: 486, bridged: false, answeredMs: 0 } as const;
const NO_ANSWER = { status: 'no-answer', cause: 'NO_ANSWER', bridged: false, answeredMs: 0 } as const;

const says = (text: string): object => ({ module: 'tts', data: { text } });

async function calls(module: string, data: object, children: object, ...results: Partial<Dialled>[]) {
  const dialler = new FakeDialler(...results);
  const result = await runFlow(flowOf({ module, data, children }), { dialler });
  return { ...result, dialler };
}

/** What a plan does, in few words. */
function shape(plan: RingPlan): unknown {
  switch (plan.kind) {
    case 'leg':
      return plan.leg.name;
    case 'together':
    case 'inOrder':
      return { [plan.kind]: plan.of.map(shape) };
    case 'within':
      return [`${plan.ms / 1000} s`, shape(plan.ring)];
    case 'after':
      return [`after ${plan.ms / 1000} s`, shape(plan.ring)];
    default:
      return plan.kind;
  }
}

const MODULES = [
  ['resources', { to_did: '+14155550101' }],
  ['offnet', { to_did: '+14155550101' }],
  ['user', { id: 'ann' }],
  ['device', { id: 'desk' }],
  ['ring_group', { endpoints: [{ id: 'desk', endpoint_type: 'device' }] }],
] as const;

for (const [module, data] of MODULES) {
  const fallsBack = module !== 'resources' && module !== 'offnet';

  describe(module, () => {
    test('answered: the flow stops when it is over', async () => {
      const { heard, end } = await calls(module, data, { _: says('otherwise') });
      assert.deepEqual(heard, []);
      assert.equal(end.cause, 'NORMAL_CLEARING');
    });

    test('a failure goes to the child of its cause, before the one of its SIP status', async () => {
      const children = { USER_BUSY: says('cause'), 'sip:486': says('status'), _: says('otherwise') };
      assert.deepEqual((await calls(module, data, children, BUSY)).heard, ['cause']);
      const { USER_BUSY: _, ...others } = children;
      assert.deepEqual((await calls(module, data, others, BUSY)).heard, ['status']);
    });

    test(fallsBack ? 'else it goes on at `_`' : 'else the call ends with the cause, and `_` is not taken', async () => {
      const { heard, end } = await calls(module, data, { _: says('otherwise') }, BUSY);
      if (fallsBack) assert.deepEqual(heard, ['otherwise']);
      else {
        assert.deepEqual(heard, []);
        assert.equal(end.cause, 'USER_BUSY');
      }
    });
  });
}

describe('who is called, and for how long', () => {
  test('resources: to_did, else the dialled number; as long as the carrier rings', async () => {
    const given = await calls('resources', { to_did: '415-555-0101', timeout: 25, emit_account_id: true }, {});
    const [endpoint] = given.dialler.endpoints;
    assert.deepEqual(endpoint?.target, { kind: 'number', number: '415-555-0101', asIs: false });
    assert.deepEqual(endpoint.headers, { 'X-Account-ID': 'acme' });
    assert.deepEqual(shape(given.dialler.dials[0]!.plan), ['25 s', '415-555-0101']);
    const dialled = await calls('resources', { do_not_normalize: true, from_uri_realm: 'pbx.example' }, {});
    assert.deepEqual(dialled.dialler.endpoints[0]?.target, { kind: 'number', number: '2030', asIs: true });
    assert.equal(dialled.dialler.endpoints[0]?.fromDomain, 'pbx.example');
    assert.deepEqual(shape(dialled.dialler.dials[0]!.plan), ['180 s', '2030']);
  });

  test('resources: what has no effect is a warning; other accounts’ trunks are never used', async () => {
    const { warnings } = await calls(
      'resources',
      { to_did: '1', hunt_account_id: 'other', outbound_flags: ['fax'] },
      {},
    );
    assert.deepEqual(warnings, ['PV-1606', 'PV-1606']);
  });

  test('device and user: delay and time', async () => {
    const device = await calls('device', { id: 'desk', delay: 3 }, {});
    assert.deepEqual(shape(device.dialler.dials[0]!.plan), ['after 3 s', ['20 s', 'desk']]);
    const user = await calls('user', { id: 'ann', timeout: 12, strategy: 'single', static_invite: 'x' }, {});
    assert.deepEqual(shape(user.dialler.dials[0]!.plan), ['12 s', 'ann']);
    assert.deepEqual([user.dialler.endpoints[0]?.strategy, user.dialler.endpoints[0]?.staticUser], ['single', 'x']);
  });

  test('custom_sip_headers: those that may be given', async () => {
    const headers = { 'X-Order': '42', Via: 'x', 'Alert-Info': '<http://x>\r\nVia: y' };
    for (const given of [headers, { in: { 'X-Not': '1' }, out: headers }]) {
      const { dialler, warnings } = await calls('device', { id: 'desk', custom_sip_headers: given }, {});
      assert.deepEqual(dialler.endpoints[0]?.headers, { 'X-Order': '42', 'Alert-Info': '<http://x> Via: y' });
      assert.deepEqual(warnings, ['PV-1606']);
    }
  });

  test('suppress_clid hides the caller', async () => {
    const { dialler } = await calls('device', { id: 'desk', suppress_clid: true }, {});
    assert.deepEqual(dialler.endpoints[0]?.callerId.hide, { number: true, name: true });
  });
});

describe('ring_group', () => {
  const endpoints = [
    { id: 'desk', endpoint_type: 'device' },
    { id: 'ann', endpoint_type: 'user', delay: 5, timeout: 10 },
  ];

  test('members ring together, each in its time; or in order', async () => {
    const together = await calls('ring_group', { endpoints, timeout: 30 }, {});
    const members = [
      ['20 s', 'desk'],
      ['after 5 s', ['10 s', 'ann']],
    ];
    assert.deepEqual(shape(together.dialler.dials[0]!.plan), ['30 s', { together: members }]);
    assert.equal(together.dialler.dials[0]!.wish.earlyMedia, false);
    const single = await calls('ring_group', { endpoints, strategy: 'single' }, {});
    assert.deepEqual(shape(single.dialler.dials[0]!.plan), ['20 s', { inOrder: members }]);
  });

  test('weighted_random: everybody once, the heavy ones mostly first', async () => {
    const weighted = [
      { id: 'light', endpoint_type: 'device', weight: 1 },
      { id: 'heavy', endpoint_type: 'device', weight: 100 },
    ];
    let heavyFirst = 0;
    for (let i = 0; i < 50; i += 1) {
      const { dialler } = await calls('ring_group', { endpoints: weighted, strategy: 'weighted_random' }, {});
      assert.equal(dialler.endpoints.length, 2);
      if (JSON.stringify(shape(dialler.dials[0]!.plan)).indexOf('heavy') < 30) heavyFirst += 1;
    }
    assert.ok(heavyFirst >= 40, `${heavyFirst} of 50`);
  });

  test('rounds, until somebody answers or a child is named by the failure', async () => {
    const three = await calls('ring_group', { endpoints, repeats: 3 }, { _: says('otherwise') }, NO_ANSWER);
    assert.equal(three.dialler.dials.length, 3);
    assert.deepEqual(three.heard, ['otherwise']);
    const second = await calls('ring_group', { endpoints, repeats: 3 }, {}, NO_ANSWER, {});
    assert.equal(second.dialler.dials.length, 2);
    const named = await calls('ring_group', { endpoints, repeats: 3 }, { NO_ANSWER: says('nobody') }, NO_ANSWER);
    assert.equal(named.dialler.dials.length, 1);
    assert.deepEqual(named.heard, ['nobody']);
  });

  test('a member that is switched off, or of a kind that is not rung, is left out', async () => {
    const off = [
      { id: 'desk', endpoint_type: 'device', disable_until: 99_999_999_999 },
      { id: 'sales', endpoint_type: 'group' },
    ];
    const { dialler, heard, warnings } = await calls('ring_group', { endpoints: off }, { _: says('otherwise') });
    assert.equal(dialler.dials.length, 0);
    assert.deepEqual(heard, ['otherwise']);
    assert.deepEqual(warnings, ['PV-1606']);
  });

  test('ringtones become Alert-Info', async () => {
    const { dialler } = await calls('ring_group', { endpoints, ringtones: { external: 'ring-2' } }, {});
    assert.deepEqual(dialler.endpoints[0]?.headers, { 'Alert-Info': 'ring-2' });
  });
});

describe('caller id of later legs', () => {
  async function shown(...actions: readonly (readonly [module: string, data: object])[]) {
    const dialler = new FakeDialler();
    const flow = [...actions, ['device', { id: 'desk' }] as const].reduceRight<object | undefined>(
      (next, [module, data]) => ({ module, data, ...(next === undefined ? {} : { children: { _: next } }) }),
      undefined,
    );
    await runFlow(flowOf(flow), { dialler, keys: [[3000, '4155550177']] });
    const { number, name, hide } = dialler.endpoints[0]!.callerId;
    return [number, name, ...(hide === undefined ? [] : [hide])];
  }

  test('the caller’s own', async () => assert.deepEqual(await shown(), ['+15550100', 'Alice']));

  test('set_cid replaces, an empty value does not', async () => {
    assert.deepEqual(await shown(['set_cid', { caller_id_number: '100', caller_id_name: 'Desk' }]), ['100', 'Desk']);
    const undone = [
      ['set_cid', { caller_id_number: '100', caller_id_name: 'Desk' }],
      ['set_cid', { caller_id_name: 'Shop' }],
    ] as const;
    assert.deepEqual(await shown(...undone), ['+15550100', 'Shop']);
  });

  test('prepend_cid: before what stands there, in place of it, or taken away', async () => {
    const first = ['prepend_cid', { caller_id_name_prefix: 'A: ', caller_id_number_prefix: '9' }] as const;
    const second = ['prepend_cid', { caller_id_name_prefix: 'B: ' }] as const;
    assert.deepEqual(await shown(first, second), ['9+15550100', 'B: A: Alice']);
    const alone = ['prepend_cid', { caller_id_name_prefix: 'B: ', apply_to: 'original' }] as const;
    assert.deepEqual(await shown(first, alone), ['+15550100', 'B: Alice']);
    assert.deepEqual(await shown(first, ['prepend_cid', { action: 'reset' }]), ['+15550100', 'Alice']);
  });

  test('dynamic_cid: given, or keyed in and confirmed', async () => {
    const given = ['dynamic_cid', { action: 'static', caller_id: { number: '200', name: 'Sales' } }] as const;
    assert.deepEqual(await shown(given), ['200', 'Sales']);
    assert.deepEqual(await shown(['dynamic_cid', {}]), ['4155550177', 'Alice']);
    assert.deepEqual(await shown(['dynamic_cid', { whitelist_regex: '^212' }]), ['+15550100', 'Alice']);
  });

  test('privacy hides number, name or both', async () => {
    assert.deepEqual(await shown(['privacy', {}]), ['+15550100', 'Alice', { number: true, name: true }]);
    assert.deepEqual(await shown(['privacy', { mode: 'name' }]), ['+15550100', 'Alice', { number: false, name: true }]);
  });

  test('set_cid wins over prefixes and what was chosen', async () => {
    const all = [
      ['dynamic_cid', { action: 'static', caller_id: { number: '200' } }],
      ['prepend_cid', { caller_id_number_prefix: '9' }],
      ['set_cid', { caller_id_number: '300' }],
    ] as const;
    assert.deepEqual(await shown(...all), ['300', 'Alice']);
  });
});
