import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { PivotError } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import { createLogger } from '../../runtime/log.ts';
import { connectSignalling } from './signalling.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** A drachtio-server that answers each message with `reply`, or not at all. */
async function drachtio(reply?: string): Promise<number> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (reply === undefined) return;
      const id = /#([^|]+)\|authenticate\|/.exec(data.toString())?.[1];
      const message = `r1|response|${id}|${reply}`;
      socket.write(`${message.length}#${message}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A process that connects and, when it has come so far, closes: it must end by itself then. */
async function closesAt(moment: 'error' | 'connecting' | 'connected', port: number): Promise<number | null> {
  const script = `
    import { connectSignalling } from ${JSON.stringify(new URL('./signalling.ts', import.meta.url).href)};
    const moment = ${JSON.stringify(moment)};
    const log = { info() {}, error() {}, warn() { if (moment === 'error') close(); } };
    const signalling = connectSignalling({ host: '127.0.0.1', port: ${port}, secret: 'cymru', log, onInvite() {}, onRegister() {}, accepting: () => true, onConnectionChange() {} });
    const close = () => setImmediate(() => signalling.close());
    if (moment === 'connecting') close();
    if (moment === 'connected') process.stdin.once('data', close).once('data', () => process.stdin.destroy());
    else process.stdin.destroy();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  if (moment === 'connected') {
    const [socket] = await once(server ?? assert.fail(), 'connection');
    await once(socket, 'data');
    child.stdin?.write('close\n');
  }
  const [code] = await once(child, 'exit');
  return code;
}

describe('the connection to drachtio-server', () => {
  it('with a wrong secret is a fault with a code', async () => {
    const signalling = connectSignalling({
      host: '127.0.0.1',
      port: await drachtio('NO|incorrect secret'),
      secret: 'wrong',
      log: createLogger({ level: 'silent' }),
      onRegister: () => {},
      onInvite: () => {},
      accepting: () => true,
      onConnectionChange: () => {},
    });
    await assert.rejects(
      signalling.ready,
      (error) => error instanceof PivotError && error.fault.code === routingCodes.connectFailed.code,
    );
    signalling.close();
  });

  it('closed while nobody listens keeps no process from ending', async () => {
    const port = await drachtio();
    server?.close();
    assert.equal(await closesAt('error', port), 0);
  });

  it('closed while it is being made keeps no process from ending', async () => {
    assert.equal(await closesAt('connecting', await drachtio()), 0);
  });

  it('closed while the far end is silent keeps no process from ending', async () => {
    assert.equal(await closesAt('connected', await drachtio()), 0);
  });
});
