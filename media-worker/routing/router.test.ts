import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from '../../crds/routing-table.ts';
import { type Dialled, Router } from './router.ts';

const KEYS: readonly ResourceKey[] = ['acme/support', 'acme/sales', 'acme/rest', 'beta/desk', 'default/home'];

function compiled(key: ResourceKey): CompiledCallflow {
  const [account = '', name = ''] = key.split('/');
  return { key, account, name, generation: 1, flow: { module: 'noop', data: {} } };
}

function table(routes: readonly Route[], more: Partial<RoutingTable> = {}): RoutingTable {
  return {
    version: 'v1',
    defaultAccount: 'default',
    realms: {},
    routes,
    callflows: Object.fromEntries(KEYS.map((key) => [key, compiled(key)])),
    ...more,
  };
}

const ROUTES: readonly Route[] = [
  { kind: 'e164', number: '+14155550100', callflow: 'acme/support' },
  { kind: 'extension', account: 'acme', number: '2030', callflow: 'acme/sales' },
  { kind: 'extension', account: 'beta', number: '2030', callflow: 'beta/desk' },
  { kind: 'extension', account: 'default', number: '2030', callflow: 'default/home' },
  { kind: 'pattern', account: 'acme', pattern: '^9([0-9]{7})$', callflow: 'acme/support' },
  { kind: 'pattern', account: 'acme', pattern: '^(?P<access>9)[0-9]+$', callflow: 'acme/sales' },
  { kind: 'no_match', account: 'acme', callflow: 'acme/rest' },
];

const router = new Router(table(ROUTES, { baseDomain: 'pivot.example.com', realms: { 'voice.beta.example': 'beta' } }));

/** `namespace/name by`, or the account and number that were looked up in vain. */
function resolve(dialled: Dialled): string {
  const result = router.resolve(dialled);
  return result.ok
    ? `${result.routed.callflow.key} by ${result.routed.by}`
    : `none: ${result.account} ${result.number}`;
}

const ACME = { host: 'acme.pivot.example.com' };

describe('a dialled number', () => {
  it('in E.164 form is found whatever account the call came in for', () => {
    assert.equal(resolve({ number: '+14155550100' }), 'acme/support by number');
    assert.equal(resolve({ number: '+14155550100', account: 'beta' }), 'acme/support by number');
  });

  it("carries the callflow's account, not the caller's", () => {
    const result = router.resolve({ number: '+14155550100', account: 'beta' });
    assert.ok(result.ok && result.routed.account === 'acme');
  });

  it('is compared without spaces and visual separators', () => {
    for (const number of ['+1 (415) 555-0100', '+1.415.555.0100', '+1-415-555-0100']) {
      const result = router.resolve({ number });
      assert.ok(result.ok && result.routed.number === '+14155550100', number);
    }
  });

  it('that is an extension is found in the account of the call only', () => {
    assert.equal(resolve({ number: '2030', ...ACME }), 'acme/sales by number');
    assert.equal(resolve({ number: '2030', account: 'beta' }), 'beta/desk by number');
    assert.equal(resolve({ number: '2030', account: 'nobody' }), 'none: nobody 2030');
  });
});

describe("a call's account", () => {
  const cases: readonly [what: string, dialled: Omit<Dialled, 'number'>, account: string][] = [
    ['the authenticated device goes first', { account: 'beta', ...ACME }, 'beta'],
    ['NAMESPACE.BASE-DOMAIN', ACME, 'acme'],
    ['a realm of its own', { host: 'voice.beta.example' }, 'beta'],
    ['the base domain itself names none', { host: 'pivot.example.com' }, 'default'],
    ['another host', { host: '127.0.0.1' }, 'default'],
    ['no host', {}, 'default'],
    ['a host like a property that every object has', { host: 'constructor' }, 'default'],
  ];
  for (const [what, dialled, account] of cases) {
    it(`${what}: ${account}`, () => assert.equal(router.accountOf({ number: '2030', ...dialled }), account));
  }
});

describe('a pattern', () => {
  it('is asked only when no number matches, within its account', () => {
    assert.equal(resolve({ number: '95550100', ...ACME }), 'acme/support by pattern');
    assert.equal(resolve({ number: '95550100', account: 'beta' }), 'none: beta 95550100');
  });

  it('with the longest capture wins; the capture is handed on', () => {
    const result = router.resolve({ number: '95550100', ...ACME });
    assert.ok(result.ok && result.routed.captureGroup === '5550100');
    const other = router.resolve({ number: '9555', ...ACME });
    assert.ok(other.ok && other.routed.callflow.key === 'acme/sales');
    assert.ok(other.ok && other.routed.captureGroup === '9');
    assert.deepEqual(other.ok && { ...other.routed.namedGroups }, { access: '9' });
  });

  it('that comes first in the table wins a tie', () => {
    const tie = new Router(
      table([
        { kind: 'pattern', account: 'acme', pattern: '^7[0-9]+$', callflow: 'acme/sales' },
        { kind: 'pattern', account: 'acme', pattern: '^77[0-9]*$', callflow: 'acme/support' },
      ]),
    );
    const result = tie.resolve({ number: '7777', account: 'acme' });
    assert.ok(result.ok && result.routed.callflow.key === 'acme/sales');
  });
});

describe('no_match', () => {
  it('takes what nothing else does, if it is all digits, with or without +', () => {
    for (const number of ['5551234', '+4930123456']) {
      assert.equal(resolve({ number, ...ACME }), 'acme/rest by no_match');
    }
  });

  it('does not take names, feature codes, or nothing', () => {
    for (const number of ['help', '*98', '#1', '']) {
      assert.equal(resolve({ number, ...ACME }), `none: acme ${number}`);
    }
  });

  it('belongs to its account', () => {
    assert.equal(resolve({ number: '5551234', account: 'beta' }), 'none: beta 5551234');
  });
});

describe('a router', () => {
  it('counts numbers and extensions', () => assert.equal(router.numberCount, 4));

  it('finds a callflow by account and name, and nothing that is not one', () => {
    assert.equal(router.callflow('acme', 'sales')?.key, 'acme/sales');
    assert.equal(router.callflow('beta', 'sales'), undefined);
    const odd = new Router(table([], { callflows: {} }));
    assert.equal(odd.callflow('__proto__', ''), undefined);
  });

  it('leaves out a route whose callflow is not in the table', () => {
    const odd = new Router(table([{ kind: 'e164', number: '+15550100', callflow: 'acme/gone' }]));
    assert.equal(odd.numberCount, 0);
    assert.equal(odd.resolve({ number: '+15550100' }).ok, false);
  });

  it('finds every number that it holds, however it is written, and no other, whatever is dialled', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 2, maxLength: 12 });
    const separators = fc.array(fc.constantFrom('', '', ' ', '-', '.', '(', ')'), { minLength: 14, maxLength: 14 });
    fc.assert(
      fc.property(
        fc.uniqueArray(digits, { minLength: 1, maxLength: 20 }),
        separators,
        fc.string(),
        (known, marks, other) => {
          const routes = known.flatMap((number): Route[] => [
            { kind: 'extension', account: 'acme', number, callflow: 'acme/sales' },
            { kind: 'e164', number: `+1${number}`, callflow: 'acme/support' },
          ]);
          const filled = new Router(table(routes));
          for (const number of known) {
            const written = [...`+1${number}`].map((digit, index) => digit + marks[index % marks.length]).join('');
            const found = filled.resolve({ number: written });
            assert.ok(
              found.ok && found.routed.number === `+1${number}` && found.routed.callflow.key === 'acme/support',
            );
            assert.ok(filled.resolve({ number, account: 'acme' }).ok);
            assert.ok(!filled.resolve({ number, account: 'beta' }).ok);
          }
          const stranger = filled.resolve({ number: other, account: 'acme' });
          assert.ok(
            !stranger.ok ||
              known.includes(stranger.routed.number.replace('+1', '')) ||
              known.includes(stranger.routed.number),
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});
