import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { createPlaces, type LookupSrv, routeOf } from './places.ts';

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'pbx.example.com': ['192.0.2.1', '192.0.2.2'],
  'sip1.example.com': ['192.0.2.11'],
  'sip2.example.com': ['192.0.2.12'],
};

function places(srv: Awaited<ReturnType<LookupSrv>> = []) {
  const asked: string[] = [];
  const found = createPlaces(
    {
      async resolve(host) {
        const addresses = /^[\d.]+$|:/.test(host) ? [host] : ADDRESSES[host];
        if (addresses === undefined || host === '169.254.169.254') {
          return { ok: false, fault: fault(webhookCodes.addressForbidden, `${host} is never requested`) };
        }
        return { ok: true, addresses: addresses.map((address) => ({ address, family: 4 })) };
      },
    },
    {
      random: () => 0,
      async lookupSrv(name) {
        asked.push(name);
        return srv;
      },
    },
  );
  const routes = async (host: Parameters<typeof found.find>[0]) => {
    const result = await found.find(host);
    return result.ok ? result.places.map(routeOf) : result.fault.code;
  };
  return { asked, routes };
}

test('a host with a port, or an address, is where it says', async () => {
  const { routes, asked } = places();
  assert.deepEqual(await routes({ host: 'pbx.example.com', port: 5070, transport: 'tcp' }), [
    'sip:192.0.2.1:5070;transport=tcp',
    'sip:192.0.2.2:5070;transport=tcp',
  ]);
  assert.deepEqual(await routes({ host: '192.0.2.9', transport: 'udp' }), ['sip:192.0.2.9:5060']);
  assert.deepEqual(await routes({ host: '[2001:db8::1]', transport: 'tls' }), ['sip:[2001:db8::1]:5061;transport=tls']);
  assert.deepEqual(asked, []);
});

test('without a port its SRV records say where it is, by priority; without records it is at the default port', async () => {
  const records = [
    { name: 'sip2.example.com', port: 5080, priority: 20, weight: 0 },
    { name: 'sip1.example.com', port: 5070, priority: 10, weight: 0 },
  ];
  const { routes, asked } = places(records);
  assert.deepEqual(await routes({ host: 'carrier.example.com', transport: 'udp' }), [
    'sip:192.0.2.11:5070',
    'sip:192.0.2.12:5080',
  ]);
  assert.deepEqual(asked, ['_sip._udp.carrier.example.com']);
  assert.deepEqual(await places().routes({ host: 'pbx.example.com', transport: 'udp' }), [
    'sip:192.0.2.1:5060',
    'sip:192.0.2.2:5060',
  ]);
});

test('what the policy refuses, or has no address, is no place', async () => {
  const { routes } = places();
  assert.equal(await routes({ host: '169.254.169.254', transport: 'udp' }), 'PV-2506');
  assert.equal(await routes({ host: 'nowhere.example.com', transport: 'udp' }), 'PV-2506');
});
