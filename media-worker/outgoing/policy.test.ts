import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { FORBIDDEN_NETWORKS } from './addresses.ts';
import { createAddressPolicy } from './policy.ts';

const { addressForbidden, addressPrivate, addressDenied } = webhookCodes;
const PUBLIC = [
  '8.8.8.8',
  '1.1.1.1',
  '172.15.0.1',
  '172.32.0.1',
  '169.253.1.1',
  '2606:4700::1111',
  '64:ff9b::8.8.8.8',
  '::ffff:8.8.8.8',
  '2002:808:808::1',
];
const PRIVATE = [
  '127.0.0.1',
  '127.255.255.255',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fc00::1',
  'fd12:3456::1',
  'fec0::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::127.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::8.8.8.8',
  '2002:7f00:1::1',
  '2002:a00:1::1',
  '2001:0:0a00:0001::f7f7:f7f7',
  '2606:4700::5efe:10.0.0.1',
];
const FORBIDDEN = [
  '169.254.169.254',
  '169.254.0.1',
  '100.100.100.200',
  '168.63.129.16',
  'fe80::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  'fd20:ce::254',
  '::ffff:169.254.169.254',
  '::169.254.169.254',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::169.254.169.254',
  '2002:a9fe:a9fe::1',
  '::ffff:0:169.254.169.254',
  '2606:4700::5efe:169.254.169.254',
];

test('public addresses are allowed, private ones only where the policy says so, metadata never', () => {
  const closed = createAddressPolicy({});
  const open = createAddressPolicy({ allowPrivate: true });
  for (const address of PUBLIC) assert.equal(closed.refuseAddress('h', address), undefined, address);
  for (const address of PRIVATE) {
    assert.equal(closed.refuseAddress('h', address)?.code, addressPrivate.code, address);
    assert.equal(open.refuseAddress('h', address), undefined, address);
  }
  for (const address of FORBIDDEN) {
    assert.equal(closed.refuseAddress('h', address)?.code, addressForbidden.code, address);
    assert.equal(open.refuseAddress('h', address)?.code, addressForbidden.code, address);
  }
});

test('nothing allows what is forbidden', () => {
  const policy = createAddressPolicy({
    allowPrivate: true,
    allow: [...FORBIDDEN_NETWORKS, '0.0.0.0/0', '::/0', 'metadata.test'],
  });
  for (const address of FORBIDDEN) {
    assert.equal(policy.refuseAddress('metadata.test', address)?.code, addressForbidden.code, address);
  }
});

test('allow lists open networks and hosts; deny lists win over them', () => {
  const policy = createAddressPolicy({
    allow: ['10.0.0.0/8', 'svc.cluster.local', 'fd00:1::/32'],
    deny: ['10.9.0.0/16', 'secret.svc.cluster.local', '8.8.4.4', 'bad.example'],
  });
  const code = (host: string, address: string) => policy.refuseAddress(host, address)?.code;
  assert.equal(code('a', '10.1.1.1'), undefined);
  assert.equal(code('a', '::ffff:10.1.1.1'), undefined);
  assert.equal(code('a', 'fd00:1::5'), undefined);
  assert.equal(code('a', '10.9.1.1'), addressDenied.code);
  assert.equal(code('a', '::ffff:10.9.1.1'), addressDenied.code);
  assert.equal(code('a', '192.168.1.1'), addressPrivate.code);
  assert.equal(code('app.svc.cluster.local', '192.168.1.1'), undefined);
  assert.equal(code('App.Svc.Cluster.Local.', '192.168.1.1'), undefined);
  assert.equal(code('appsvc.cluster.local', '192.168.1.1'), addressPrivate.code);
  assert.equal(code('x.secret.svc.cluster.local', '192.168.1.1'), addressDenied.code);
  assert.equal(code('a', '8.8.4.4'), addressDenied.code);
  assert.equal(policy.refuseHost('WWW.bad.example.')?.code, addressDenied.code);
  assert.equal(policy.refuseHost('notbad.example'), undefined);
});

test('a malformed entry is named', () => {
  assert.throws(() => createAddressPolicy({ deny: ['10.0.0.0/99'] }), /"10\.0\.0\.0\/99" is not a network/);
  assert.throws(() => createAddressPolicy({ allow: ['http://x'] }), RangeError);
  assert.throws(() => createAddressPolicy({ allow: ['a b'] }), /neither a network/);
});

test('property: an IPv4 address is judged alike in each of its IPv6 forms that leads to it', () => {
  const policy = createAddressPolicy({});
  fc.assert(
    fc.property(fc.ipV4(), (v4) => {
      const refused = policy.refuseAddress('h', v4) !== undefined;
      assert.equal(policy.refuseAddress('h', `::ffff:${v4}`) !== undefined, refused);
      if (refused) {
        assert.notEqual(policy.refuseAddress('h', `64:ff9b::${v4}`), undefined);
        const hex = v4.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
        assert.notEqual(policy.refuseAddress('h', `2002:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}::1`), undefined);
      }
    }),
  );
});

test('loopback can be closed while private networks are open; only a network opens it again', () => {
  const policy = createAddressPolicy({ allowPrivate: true, allowLoopback: false, allow: ['app.example.com'] });
  for (const address of ['127.0.0.1', '127.8.8.8', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '64:ff9b::7f00:1']) {
    assert.equal(policy.refuseAddress('app.example.com', address)?.code, addressPrivate.code, address);
  }
  assert.equal(policy.refuseAddress('app.example.com', '10.1.2.3'), undefined);
  const opened = createAddressPolicy({ allowPrivate: true, allowLoopback: false, allow: ['127.0.0.0/8'] });
  assert.equal(opened.refuseAddress('localhost', '127.0.0.1'), undefined);
});
