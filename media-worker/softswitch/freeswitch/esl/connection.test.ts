import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type ClockedRtpPorts, createRtpPorts } from '../../rtp/ports.ts';
import { type Freeswitch, startFreeswitch } from '../freeswitch.ts';
import { MAX_FAILURES } from './auth-guard.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

/** What a raw client sends and what FreeSWITCH 1.10.12 answers, from transcript 22. Uuids are compared as `UUID`. */
const EXCHANGES: readonly (readonly [command: string, answer: string])[] = [
  ['bogus', 'R -ERR command not found'],
  ['api', 'R -ERR command not found'],
  ['api nosuch', 'A -ERR nosuch Command not found!\n'],
  ['bgapi', 'R -ERR command not found'],
  ['bgapi nosuch', 'R +OK Job-UUID: UUID\nJob-UUID: UUID'],
  ['event', 'R -ERR no keywords supplied'],
  ['event plain', 'R -ERR no keywords supplied'],
  ['event plain NO_SUCH_EVENT', 'R -ERR no keywords supplied'],
  ['event plain CUSTOM foo::bar', 'R +OK event listener enabled plain'],
  ['event json DTMF', 'R +OK event listener enabled json'],
  ['nixevent DTMF', 'R +OK events nixed'],
  ['noevents', 'R +OK no longer listening for events'],
  ['filter', 'R -ERR command not found'],
  ['filter Event-Name DTMF', 'R +OK filter added. [Event-Name]=[DTMF]'],
  ['filter delete Event-Name', 'R +OK filter deleted. [Event-Name][]'],
  ['filter delete all', 'R +OK filter deleted. [all][]'],
  ['myevents', 'R -ERR command not found'],
  ['myevents 00000000-0000-0000-0000-000000000000', 'R +OK Events Enabled'],
  ['divert_events on', 'R -ERR not controlling a session.'],
  ['linger', 'R -ERR not controlling a session'],
  ['log', 'R +OK log level  [7]'],
  ['log 0', 'R +OK log level 0 [0]'],
  ['nolog', 'R +OK no longer logging'],
  ['getvar x', 'R -ERR command not found'],
  ['connect', 'R -ERR command not found'],
  ['sendmsg', 'R -ERR invalid session id []'],
  ['sendmsg 00000000-0000-0000-0000-000000000000\ncall-command: hangup', 'R -ERR invalid session id [UUID]'],
  ['sendevent NOTIFY\nprofile: internal', 'R +OK UUID'],
  ['api uuid_kill 00000000-0000-0000-0000-000000000000', 'A -ERR No such channel!\n'],
  ['api uuid_break x', 'A -ERR No such channel!\n'],
  ['api uuid_bridge a b', 'A -ERR Invalid uuid\n'],
  ['api uuid_transfer x', 'A -USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n'],
  ['api uuid_transfer x park inline', 'A -ERR No such channel!\n'],
  ['api conference nosuch list', 'A -ERR Conference nosuch not found\n'],
  ['api conference list', 'A +OK No active conferences.\n'],
  ['api hupall', 'A +OK hangup all channels with cause MANAGER_REQUEST\n'],
  ['api global_getvar nosuch', 'A -ERR no reply\n'],
  ['api show channels', 'A \n0 total.\n'],
  ['api create_uuid', 'A UUID'],
  ['api echo hi there', 'A hi there'],
  ['auth ClueCon', 'R -ERR command not found'],
];

const NOTICE =
  'Content-Type: text/disconnect-notice\nContent-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';

function framed(answer: string): string {
  const text = answer.slice(2);
  if (answer.startsWith('R ')) return `Content-Type: command/reply\nReply-Text: ${text}\n\n`;
  return `Content-Type: api/response\nContent-Length: ${text === 'UUID' ? 36 : Buffer.byteLength(text)}\n\n${text}`;
}

/** A raw client that can wait for what it expects. */
class Client {
  readonly socket: Socket;
  #text = '';
  #changed: (() => void) | undefined;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('utf8');
    this.socket.on('data', (text: string) => {
      this.#text += text;
      this.#changed?.();
    });
    this.socket.on('close', () => this.#changed?.());
    this.socket.on('error', () => {});
  }

  /** Waits until as much has come as is expected, compares, and forgets it. */
  async expect(text: string): Promise<void> {
    const timeout = AbortSignal.timeout(5000);
    while (this.#comparable().length < text.length && !timeout.aborted && !this.socket.closed) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        timeout.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    assert.equal(this.#comparable(), text);
    this.#text = '';
  }

  #comparable(): string {
    return this.#text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID');
  }

  async waitFor(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

describe('an inbound event socket', () => {
  let rtp: ClockedRtpPorts;
  let freeswitch: Freeswitch;

  before(async () => {
    rtp = createRtpPorts({ host: '127.0.0.1', range: [0, 0] });
    freeswitch = await startFreeswitch({
      esl: { host: '127.0.0.1', port: 0, password: 'ClueCon' },
      sip: { host: '127.0.0.1', port: 0 },
      rtp,
      heartbeatMs: 50,
      maxSessions: 7,
    });
  });
  after(async () => {
    await freeswitch.close();
    rtp.close();
  });

  async function client(): Promise<Client> {
    const raw = new Client(freeswitch.eslPort);
    await raw.expect('Content-Type: auth/request\n\n');
    return raw;
  }

  async function authenticated(): Promise<Client> {
    const raw = await client();
    raw.socket.write('auth ClueCon\n\n');
    await raw.expect(framed('R +OK accepted'));
    return raw;
  }

  it('answers every command as recorded, known or not (22)', limit, async () => {
    const raw = await authenticated();
    for (const [command, answer] of EXCHANGES) {
      raw.socket.write(`${command}\n\n`);
      await raw.expect(framed(answer));
    }
    raw.socket.write('api echo crlf\r\n\r\n');
    await raw.expect(framed('A crlf'));
    raw.socket.write('exit\n\n');
    await raw.expect(`${framed('R +OK bye')}${NOTICE}`);
    await once(raw.socket, 'close');
  });

  it('takes commands one byte at a time, and several in one segment', limit, async () => {
    const raw = await authenticated();
    raw.socket.setNoDelay(true);
    for (const byte of 'api echo slow\n\n') raw.socket.write(byte);
    await raw.expect(framed('A slow'));
    raw.socket.write('api echo a\n\napi echo b\n\nbogus\n\n');
    await raw.expect(`${framed('A a')}${framed('A b')}${framed('R -ERR command not found')}`);
    raw.socket.destroy();
  });

  it('closes after a wrong password, and not after a command before it (20)', limit, async () => {
    const early = await client();
    early.socket.write('api status\n\n');
    await early.expect(framed('R -ERR command not found'));
    early.socket.write('userauth alice@example.com:x\n\n');
    await early.expect(`${framed('R -ERR invalid')}${NOTICE}`);
    await once(early.socket, 'close');
  });

  it('sends HEARTBEAT with what drachtio-fsmrf reads, and BACKGROUND_JOB with the result', limit, async () => {
    const raw = await authenticated();
    raw.socket.write('event json HEARTBEAT BACKGROUND_JOB\n\n');
    const text = await raw.waitFor(/"Event-Name":"HEARTBEAT".*}$/s);
    const event = JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '') as Record<string, string>;
    assert.equal(event['Max-Sessions'], '7');
    assert.equal(event['Session-Count'], '0');
    assert.match(event['FreeSWITCH-Version'] ?? '', /^1\.10\.12/);
    assert.match(event['Idle-CPU'] ?? '', /^\d+\.\d{6}$/);
    raw.socket.write('bgapi echo later\nJob-UUID: 11111111-2222-3333-4444-555555555555\n\n');
    const job = await raw.waitFor(/BACKGROUND_JOB.*"_body":"later"/s);
    assert.match(job, /"Job-UUID":"11111111-2222-3333-4444-555555555555","Job-Command":"echo"/);
    raw.socket.destroy();
  });

  it('refuses a command that never ends', limit, async () => {
    const raw = await authenticated();
    raw.socket.write('x'.repeat(300_000));
    await raw.waitFor(/-ERR command too long/);
    await once(raw.socket, 'close');
  });

  it('turns an address away that keeps guessing the password', limit, async () => {
    for (let i = 0; i < MAX_FAILURES; i += 1) {
      const raw = new Client(freeswitch.eslPort);
      raw.socket.write('auth wrong\n\n');
      await once(raw.socket, 'close');
    }
    const raw = new Client(freeswitch.eslPort);
    await raw.waitFor(/text\/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away\.\n/);
    await once(raw.socket, 'close');
  });
});
