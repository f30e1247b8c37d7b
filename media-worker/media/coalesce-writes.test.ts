import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { coalesceWrites } from './coalesce-writes.ts';

test('lines written one by one arrive together, in order, and later writes still go out', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  t.after(() => client.destroy());
  const [far] = await accepted;
  await once(client, 'connect');
  client.setNoDelay(true);
  coalesceWrites(client);

  for (const line of ['sendmsg x\n', 'call-command: execute\n', '\n']) client.write(line);
  const [first] = (await once(far, 'data')) as [Buffer];
  assert.equal(first.toString(), 'sendmsg x\ncall-command: execute\n\n');

  client.write('again\n');
  const [second] = (await once(far, 'data')) as [Buffer];
  assert.equal(second.toString(), 'again\n');
});
