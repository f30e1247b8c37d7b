import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressToTell, reachableAddresses } from './local-address.ts';
import { createUserAgent } from './user-agent.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

const mac = '00:00:00:00:00:00';
const interfaces = {
  lo: [
    { address: '127.0.0.1', netmask: '255.0.0.0', family: 'IPv4' as const, mac, internal: true, cidr: '127.0.0.1/8' },
  ],
  eth0: [
    {
      address: '192.0.2.9',
      netmask: '255.255.255.0',
      family: 'IPv4' as const,
      mac,
      internal: false,
      cidr: '192.0.2.9/24',
    },
  ],
  eth1: [
    { address: '10.1.2.3', netmask: '255.0.0.0', family: 'IPv4' as const, mac, internal: false, cidr: '10.1.2.3/8' },
  ],
};

test('bound to all addresses, each peer is told the one in its own network', limit, () => {
  assert.equal(addressToTell('0.0.0.0', '10.9.9.9', interfaces), '10.1.2.3');
  assert.equal(addressToTell('0.0.0.0', '127.0.0.1', interfaces), '127.0.0.1');
  assert.equal(addressToTell('0.0.0.0', '198.51.100.1', interfaces), '192.0.2.9');
  assert.equal(addressToTell('192.0.2.9', '10.9.9.9', interfaces), '192.0.2.9');
  assert.deepEqual(reachableAddresses('0.0.0.0', interfaces), ['192.0.2.9', '10.1.2.3', '127.0.0.1']);
});

test('a call between agents that are bound to all addresses', limit, async () => {
  const make = (user: string) =>
    createUserAgent({ host: '0.0.0.0', port: 0, transports: ['udp'], user, userAgent: user });
  const [alice, bob] = await Promise.all([make('alice'), make('bob')]);
  bob.onInvite = (call) => {
    assert.match(call.invite.headers.get('contact')![0]!, /^<sip:alice@127\.0\.0\.1:/);
    call.accept('v=0\r\n');
  };
  const dialog = await alice.invite({ uri: `sip:bob@127.0.0.1:${bob.udpPort}`, from: 'sip:a@b', sdp: 'v=0\r\n' })
    .answered;
  await dialog.bye();
  await Promise.all([alice.close(), bob.close()]);
});
