import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveTarget } from './resolve.ts';

test('a name without an address is told with its code (RFC 2606: .invalid never has one)', async () => {
  const target = { transport: 'udp', host: 'nobody.invalid', port: 5060 } as const;
  await assert.rejects(async () => resolveTarget(target), /PV-1704 no address for nobody\.invalid/);
});

test('an address needs no name server', async () => {
  const target = { transport: 'tcp', host: '192.0.2.1', port: 5062 } as const;
  assert.deepEqual(await resolveTarget(target), { transport: 'tcp', address: '192.0.2.1', port: 5062 });
});
