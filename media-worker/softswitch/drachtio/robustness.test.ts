import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { UserAgent } from '../sip/types.ts';
import { createUserAgent } from '../sip/user-agent.ts';
import { createFrameReader, frame, readPayload } from './frames.ts';
import { createRoutes } from './routes.ts';
import { type Drachtio, type DrachtioOptions, startDrachtio } from './server.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

/** Short timers: 64*T1 is a third of a second. */
const FAST = { t1: 5, t2: 40, t4: 50 };
const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n';

/** An application that speaks the control protocol by hand. */
class RawApp {
  readonly socket: Socket;
  readonly #reader = createFrameReader();
  readonly #waiting: string[] = [];
  #wake: (() => void) | undefined;
  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => {
      this.#waiting.push(...(this.#reader.push(chunk) ?? []));
      this.#wake?.();
    });
  }
  send(payload: string): void {
    this.socket.write(frame(payload));
  }
  async next(): Promise<ReturnType<typeof readPayload>> {
    while (this.#waiting.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return readPayload(this.#waiting.shift()!);
  }
  async ask(payload: string): Promise<ReturnType<typeof readPayload>> {
    this.send(payload);
    return this.next();
  }
}

describe('the stand-in under bad conditions', () => {
  let server: Drachtio;
  let phone: UserAgent;
  let app: RawApp;
  let uri: string;

  async function start(options: Partial<DrachtioOptions> = {}): Promise<void> {
    server = await startDrachtio({
      admin: { host: '127.0.0.1', port: 0 },
      secret: 's',
      sip: { host: '127.0.0.1', port: 0, transports: ['udp', 'tcp'] },
      timers: FAST,
      ...options,
    });
    app = new RawApp(server.adminPort);
    await app.ask('1|authenticate|s|');
    await app.ask('2|route|invite');
    await app.ask('3|route|options');
    uri = `sip:app@127.0.0.1:${server.udpPort}`;
  }
  beforeEach(async () => {
    phone = await createUserAgent(
      { host: '127.0.0.1', port: 0, transports: ['udp', 'tcp'], user: 'alice', userAgent: 'phone' },
      { timers: FAST },
    );
  });
  afterEach(async () => {
    app.socket.destroy();
    await phone.close();
    await server.close();
  });

  const invite = () => phone.invite({ uri, from: 'sip:alice@example.com', sdp: SDP });
  const answer = async (): Promise<string> => {
    const { tokens } = await app.next();
    const reply = await app.ask(`9|sip|${tokens[8]}|\r\nSIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n${SDP}`);
    assert.equal(reply.tokens[3], 'OK');
    return reply.tokens[11]!;
  };
  const settled = async (): Promise<void> => {
    while (server.activeDialogs + server.activeTransactions + server.pendingRequests > 0) await setImmediate();
  };

  test('no ACK comes: the server hangs up and tells the application', limit, async () => {
    await start();
    const raw = createSocket('udp4');
    raw.bind(0, '127.0.0.1');
    await once(raw, 'listening');
    const { port } = raw.address();
    const bye = new Promise<string>((resolve) => {
      raw.on('message', (data) => {
        const text = data.toString();
        if (!text.startsWith('BYE')) return;
        raw.send(
          text.replace(/^BYE .*/, 'SIP/2.0 200 OK').replace(/\r\nMax-Forwards: 70/, ''),
          server.udpPort,
          '127.0.0.1',
        );
        resolve(text);
      });
    });
    const lines = [
      `INVITE ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKnoack`,
      'From: <sip:a@example.com>;tag=1',
      'To: <sip:app@example.com>',
      'Call-ID: noack',
      'CSeq: 1 INVITE',
      `Contact: <sip:a@127.0.0.1:${port}>`,
      'Content-Length: 0',
    ];
    raw.send(`${lines.join('\r\n')}\r\n\r\n`, server.udpPort, '127.0.0.1');
    await answer();
    const { tokens, text } = await app.next();
    assert.deepEqual(
      [tokens[1], tokens[2], tokens[8], tokens[9]],
      ['sip', 'application', 'unsolicited', 'noack;from-tag=1'],
    );
    assert.match(text, /^BYE sip:a@127/);
    assert.match(await bye, /CSeq: 2 BYE/);
    await settled();
    raw.close();
  });

  test('an application that never answers: the caller gets 408 in the end', limit, async () => {
    await start({ limits: { pendingInviteMs: 50 } });
    await assert.rejects(invite().answered, { status: 408 });
    await assert.rejects(phone.request({ method: 'OPTIONS', uri, from: 'sip:a@b' }), { status: 408 });
    await settled();
  });

  test('an application that goes away: its dialogs end by themselves', limit, async () => {
    await start({ limits: { orphanDialogMs: 20 } });
    const call = invite();
    await answer();
    await call.answered;
    assert.equal(server.activeDialogs, 1);
    app.socket.destroy();
    while (server.activeDialogs > 0) await setImmediate();
  });

  test('another application may end a dialog by its id', limit, async () => {
    await start();
    const call = invite();
    const dialogId = await answer();
    const dialog = await call.answered;
    app.socket.destroy();
    app = new RawApp(server.adminPort);
    await app.ask('1|authenticate|s|');
    const ended = once(dialog.ended, 'abort');
    app.send(`4|sip||${dialogId}\r\nBYE sip:placeholder SIP/2.0\r\nContent-Length: 0\r\n\r\n`);
    await ended;
    await settled();
  });

  test('garbage on the SIP port, over UDP and TCP', limit, async () => {
    await start();
    const udp = createSocket('udp4');
    const tcp = connect(server.tcpPort, '127.0.0.1');
    tcp.on('error', () => {});
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 600 }), async (bytes) => {
        await new Promise((resolve) => udp.send(bytes, server.udpPort, '127.0.0.1', resolve));
        if (tcp.writable) tcp.write(bytes);
      }),
      { numRuns: 200 },
    );
    const call = invite();
    await answer();
    await (await call.answered).request('OPTIONS').catch(() => {});
    udp.close();
    tcp.destroy();
  });

  test('garbage in frames: refused or closed, and the next application is served', limit, async () => {
    await start();
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.constantFrom(
            'sip',
            'proxy',
            '',
            'x',
            'INVITE sip:x SIP/2.0',
            '\r\n',
            'route',
            'SIP/2.0 200 OK',
            'ACK sip:a@127.0.0.1 SIP/2.0',
            '|',
          ),
          { maxLength: 8 },
        ),
        async (parts) => {
          const other = new RawApp(server.adminPort);
          other.send('1|authenticate|s|');
          other.send(`2|${parts.join('|')}` || 'x');
          other.socket.end();
          await once(other.socket, 'close');
        },
      ),
      { numRuns: 60 },
    );
    assert.equal((await app.ask('5|ping')).tokens[4], 'pong');
  });

  test('limits: connections, and transactions', limit, async () => {
    await start({ limits: { apps: 1, transactions: 0 } });
    const second = new RawApp(server.adminPort);
    await once(second.socket, 'close');
    await assert.rejects(invite().answered, { status: 503 });
  });

  test('not authenticated: no route counts, and SIP closes the connection', limit, async () => {
    await start();
    const stranger = new RawApp(server.adminPort);
    assert.equal((await stranger.ask('1|route|message')).tokens[3], 'OK');
    assert.equal((await phone.request({ method: 'MESSAGE', uri, from: 'sip:a@b' })).status, 503);
    const closed = once(stranger.socket, 'close');
    stranger.send('2|sip||\r\nOPTIONS sip:a@127.0.0.1 SIP/2.0\r\n\r\n');
    await closed;
  });

  test('a wrong secret is refused, and stands in the log with its code', limit, async () => {
    const logged: unknown[] = [];
    await start({ log: (_level, _message, fields) => logged.push(fields?.['code']) });
    const stranger = new RawApp(server.adminPort);
    assert.notEqual((await stranger.ask('1|authenticate|guessed|')).tokens[3], 'OK');
    assert.deepEqual(logged, ['PV-1711']);
    stranger.socket.destroy();
  });

  test('a port in use is told with its code', limit, async () => {
    await start();
    await assert.rejects(
      startDrachtio({
        admin: { host: '127.0.0.1', port: server.adminPort },
        secret: 's',
        sip: { host: '127.0.0.1', port: 0, transports: ['udp'] },
      }),
      /PV-1709/,
    );
    await assert.rejects(
      startDrachtio({
        admin: { host: '127.0.0.1', port: 0 },
        secret: 's',
        sip: { host: '127.0.0.1', port: server.udpPort, transports: ['udp', 'tcp'] },
      }),
      /PV-1709/,
    );
  });

  test('100 calls leave nothing', limit, async () => {
    await start();
    for (let call = 0; call < 100; call++) {
      const placed = invite();
      await answer();
      const dialog = await placed.answered;
      const { tokens: ack } = await app.next();
      assert.equal(ack[1], 'sip');
      const over = dialog.bye();
      const { tokens } = await app.next();
      await app.ask(`9|sip|${tokens[8]}|\r\nSIP/2.0 200 OK\r\n\r\n`);
      await over;
    }
    await settled();
    assert.equal(phone.activeDialogs, 0);
  });
});

describe('frames', () => {
  test('cut anywhere, bytes and not characters counted', limit, () => {
    const payloads = ['a|ping', 'b|sip|x|\r\nüß€😀', 'c'];
    const stream = Buffer.from(payloads.map(frame).join(''));
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 6 }), (cuts) => {
        const reader = createFrameReader();
        const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const got = at.slice(1).flatMap((end, index) => reader.push(stream.subarray(at[index], end))!);
        assert.deepEqual(got, payloads);
      }),
    );
  });

  test('what is no length ends the stream', limit, () => {
    for (const bad of ['hello', '#', '0#', '123456#', '-1#x', '1 #x']) {
      assert.equal(createFrameReader().push(Buffer.from(bad)), undefined);
    }
    assert.deepEqual(createFrameReader().push(Buffer.from('12345')), []);
  });
});

test('round robin over registrations, duplicates included; leaving removes them all', limit, () => {
  const routes = createRoutes<string>();
  for (const app of ['a', 'a', 'b', 'b']) routes.add('invite', app);
  assert.deepEqual(
    Array.from({ length: 5 }, () => routes.next('invite')),
    ['a', 'a', 'b', 'b', 'a'],
  );
  routes.remove('a');
  assert.equal(routes.next('invite'), 'b');
  routes.remove('b');
  assert.equal(routes.next('invite'), undefined);
});
