import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { checkFreeSwitch } from './check-freeswitch.ts';

const never = new AbortController().signal;
const ASKS = 'Content-Type: auth/request\n\n';
const ACCEPTED = 'Content-Type: command/reply\nReply-Text: +OK accepted\n\n';
const REFUSED = 'Content-Type: command/reply\nReply-Text: -ERR invalid\n\n';
const response = (body: string): string => `Content-Type: api/response\nContent-Length: ${body.length}\n\n${body}`;
const row = (name: string, data: string): string =>
  `${name.padStart(25)}\t  profile\t${data.padStart(42)}\tRUNNING (0)\n`;
const MRF = row('drachtio_mrf', 'sip:mod_sofia@127.0.0.1:5080');
const OTHERS = row('external', 'sip:mod_sofia@10.0.0.1:5090') + row('internal', 'sip:mod_sofia@10.0.0.1:5060');

let server: Server | undefined;
afterEach(() => server?.close());

/** A FreeSWITCH that says `greeting`, then an answer from `answers` to each command. */
async function freeswitch(greeting: string, answers: readonly string[], commands: string[] = []): Promise<number> {
  server = createServer((socket) => {
    const left = [...answers];
    socket.write(greeting);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      commands.push(data.toString());
      const answer = left.shift();
      if (answer === undefined) socket.end();
      else for (const half of [answer.slice(0, 20), answer.slice(20)]) socket.write(half);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const check = (port: number, signal: AbortSignal = never): Promise<string> =>
  checkFreeSwitch({ host: '127.0.0.1', port, secret: 'ClueCon', profile: 'drachtio_mrf' }, signal);

describe('a FreeSWITCH, before drachtio-fsmrf connects to it', () => {
  it('is well when it takes the password and has the profile', async () => {
    const commands: string[] = [];
    const port = await freeswitch(ASKS, [ACCEPTED, response(OTHERS + MRF)], commands);
    assert.equal(await check(port), '127.0.0.1:5080');
    assert.deepEqual(commands, ['auth ClueCon\n\n', 'api sofia status\n\n']);
  });

  const faults: readonly [what: string, greeting: string, answers: readonly string[], reason: RegExp][] = [
    ['the profile is missing', ASKS, [ACCEPTED, response(OTHERS)], /no running SIP profile "drachtio_mrf"/],
    [
      'another profile has a like name',
      ASKS,
      [ACCEPTED, response(row('drachtio_mrf2', 'sip:mod_sofia@127.0.0.1:5080'))],
      /no running/,
    ],
    [
      'the profile is on IPv6 only',
      ASKS,
      [ACCEPTED, response(row('drachtio_mrf', 'sip:mod_sofia@[::1]:5080'))],
      /IPv4/,
    ],
    ['the profiles cannot be listed', ASKS, [ACCEPTED, response('-ERR no reply\n')], /no running SIP profile/],
    ['the password is wrong', ASKS, [REFUSED], /refused the password/],
    [
      'its access list refuses us',
      'Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n',
      [],
      /access list/,
    ],
    ['it hangs up', ASKS, [], /closed the connection/],
    ['it is something else', 'SSH-2.0-OpenSSH_9.2\n\n', [], /no event socket of FreeSWITCH/],
    ['it talks without end', 'x'.repeat(1_100_000), [], /too much/],
  ];
  for (const [what, greeting, answers, reason] of faults) {
    it(`is not used when ${what}`, async () => {
      await assert.rejects(check(await freeswitch(greeting, answers)), reason);
    });
  }

  it('is not used when nobody listens', async () => {
    const port = await freeswitch(ASKS, []);
    server?.close();
    await assert.rejects(check(port), /ECONNREFUSED/);
  });

  it('is given up with the attempt', async () => {
    const port = await freeswitch('', []);
    const attempt = new AbortController();
    server?.on('connection', () => attempt.abort(new Error('asked to stop')));
    await assert.rejects(check(port, attempt.signal), /asked to stop/);
  });

  it('is not waited for longer than 5 s', async (t) => {
    const limit = new AbortController();
    t.mock.method(AbortSignal, 'timeout', (ms: number) => {
      assert.equal(ms, 5000);
      return limit.signal;
    });
    const port = await freeswitch('', []);
    server?.on('connection', () => limit.abort());
    await assert.rejects(check(port), /within 5 s/);
  });
});
