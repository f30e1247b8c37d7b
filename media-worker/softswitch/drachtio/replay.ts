import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readPayload } from './frames.ts';
import { startDrachtio } from './server.ts';

/**
 * For tests: plays a recorded exchange (testdata, cut from the wire transcripts) against the stand-in. What the application and
 * the phones sent is sent again; what the real server sent is compared with what comes, receiver by receiver, in order.
 *
 * Compared: the number and order of messages at each receiver, every token of every frame, start line, names and order of
 * headers, every header value, bodies. Normalised: uuids, tags, branches, Call-IDs and CSeq numbers that the server made (the
 * first time each is learnt, afterwards it must be the same again), ports, times of day, byte counts (checked against the
 * message that follows instead).
 */

interface Entry {
  readonly from: string;
  readonly to: string;
  readonly conn?: number;
  readonly event?: string;
  readonly text?: string;
}

const SERVER_PORT = '5562';
const PHONES: Readonly<Record<string, string>> = { caller: '5660', callee: '5670' };
const CLOSED_PORT = '5999';
/** How long a message that was recorded may take to come, in milliseconds. */
const PATIENCE_MS = 3000;

/** Something that receives: messages wait here in order until they are expected. */
class Inbox {
  readonly name: string;
  readonly #waiting: string[] = [];
  #wake: (() => void) | undefined;
  constructor(name: string) {
    this.name = name;
  }
  add(text: string): void {
    this.#waiting.push(text);
    this.#wake?.();
  }
  get left(): readonly string[] {
    return this.#waiting;
  }
  async next(expected: string): Promise<string> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake?.();
    }, PATIENCE_MS);
    while (this.#waiting.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      if (late) throw new Error(`${this.name} did not get:\n${expected}`);
    }
    clearTimeout(timer);
    return this.#waiting.shift()!;
  }
}

interface AppEnd {
  readonly socket: Socket;
  readonly inbox: Inbox;
}

/** Replays one transcript. Rejects with an assertion error at the first difference. */
export async function replay(transcript: string): Promise<void> {
  const entries: Entry[] = transcript
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  const server = await startDrachtio({
    admin: { host: '127.0.0.1', port: 0 },
    secret: 'cymru',
    sip: { host: '127.0.0.1', port: 0, transports: ['udp', 'tcp'] },
  });
  const phones = new Map<string, { socket: UdpSocket; inbox: Inbox }>();
  const apps = new Map<number, AppEnd>();
  /** Recorded to live. */
  const names = new Map<string, string>([[SERVER_PORT, String(server.udpPort)]]);
  const closed = await bindPhone();
  names.set(CLOSED_PORT, String(closed.address().port));
  closed.close();
  for (const [name, port] of Object.entries(PHONES)) {
    const socket = await bindPhone();
    const inbox = new Inbox(name);
    const seen = new Set<string>();
    socket.on('message', (data) => {
      // Without the recorded pauses a retransmitted request may find a later response already sent: that one comes twice.
      const text = data.toString();
      // An empty datagram is no message: on a slow machine the stand-in looks whether somebody is there.
      if (text !== '' && !seen.has(text)) inbox.add(text);
      seen.add(text);
    });
    phones.set(name, { socket, inbox });
    names.set(port, String(socket.address().port));
  }

  const openApp = async (conn: number): Promise<AppEnd> => {
    const socket = connect(server.adminPort, '127.0.0.1');
    await once(socket, 'connect');
    const inbox = new Inbox(`app ${conn}`);
    let buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (;;) {
        const hash = buffer.indexOf('#');
        const end = hash + 1 + Number(buffer.toString('latin1', 0, Math.max(hash, 0)));
        if (hash < 0 || buffer.length < end) return;
        inbox.add(buffer.toString('utf8', hash + 1, end));
        buffer = buffer.subarray(end);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => inbox.add('closed'));
    const app = { socket, inbox };
    apps.set(conn, app);
    return app;
  };

  const live = (text: string): string => substitute(text, names);

  try {
    await prepareApps(entries, openApp);
    for (const entry of entries) {
      if (entry.from === 'drachtio') await expectEntry(entry);
      else if (entry.to === 'drachtio') await sendEntry(entry);
    }
    for (const { inbox } of [...apps.values(), ...phones.values()]) {
      assert.deepEqual(
        inbox.left.filter((text) => text !== 'closed'),
        [],
        `${inbox.name} got more than was recorded`,
      );
    }
  } finally {
    for (const { socket } of phones.values()) socket.close();
    for (const { socket } of apps.values()) socket.destroy();
    await server.close();
  }
  assert.equal(server.activeDialogs, 0);

  async function sendEntry(entry: Entry): Promise<void> {
    if (entry.conn === undefined) {
      phones.get(entry.from)!.socket.send(live(entry.text!), server.udpPort, '127.0.0.1');
      return;
    }
    if (entry.event === 'TCP connect') {
      await openApp(entry.conn);
      return;
    }
    const app = apps.get(entry.conn)!;
    if (entry.event === 'TCP FIN') {
      app.socket.end();
      return;
    }
    const hash = entry.text!.indexOf('#');
    if (hash < 0) {
      app.socket.write(entry.text!);
      return;
    }
    const payload = live(entry.text!.slice(hash + 1));
    app.socket.write(`${Buffer.byteLength(payload)}#${payload}`);
  }

  async function expectEntry(entry: Entry): Promise<void> {
    if (entry.conn === undefined) {
      // What went to the closed port was not received by anybody.
      const phone = phones.get(entry.to);
      if (phone === undefined) return;
      const received = await phone.inbox.next(entry.text!);
      compareSip(entry.text!, received, names, phone.inbox.name);
      return;
    }
    const { inbox } = apps.get(entry.conn)!;
    if (entry.event === 'TCP FIN') {
      assert.equal(await inbox.next('the end of the connection'), 'closed');
      return;
    }
    const expected = entry.text!.slice(entry.text!.indexOf('#') + 1);
    compareFrame(expected, await inbox.next(expected), names, inbox.name);
  }
}

async function bindPhone(): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Recordings that begin in the middle: the application was connected, and routed what it is seen to get. */
async function prepareApps(entries: readonly Entry[], openApp: (conn: number) => Promise<AppEnd>): Promise<void> {
  const connects = new Set<number>();
  const wanted = new Map<number, Set<string>>();
  for (const { conn, event, from, text } of entries) {
    if (conn === undefined) continue;
    if (event === 'TCP connect' && !wanted.has(conn)) connects.add(conn);
    if (connects.has(conn)) continue;
    const verbs = wanted.get(conn) ?? new Set();
    wanted.set(conn, verbs);
    const { tokens, text: sip } = readPayload(text ?? '');
    const verb = sip.slice(0, sip.indexOf(' '));
    if (from === 'drachtio' && tokens[1] === 'sip' && tokens[9] === '' && verb !== 'SIP/2.0')
      verbs.add(verb.toLowerCase());
  }
  for (const [conn, verbs] of wanted) {
    const { socket, inbox } = await openApp(conn);
    for (const payload of ['x|authenticate|cymru|', ...[...verbs].map((verb) => `x|route|${verb}`)]) {
      socket.write(`${payload.length}#${payload}`);
      await inbox.next(payload);
    }
  }
}

function substitute(text: string, names: ReadonlyMap<string, string>): string {
  // Ports in one go, so that what was put in is not taken for another recorded port.
  let result = text.replace(
    /(127\.0\.0\.1:|\|127\.0\.0\.1\||rport=)(\d{4})(?!\d)/g,
    (whole, before: string, port: string) => (names.has(port) ? `${before}${names.get(port)}` : whole),
  );
  for (const [recorded, now] of names) {
    if (recorded.length > 4) result = result.replaceAll(recorded, now);
  }
  return result;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d\d:\d\d:\d\d\.\d{6}$/;

function learn(recorded: string, now: string, names: Map<string, string>): void {
  if (recorded.length >= 6 && !names.has(recorded)) names.set(recorded, now);
}

function compareFrame(expected: string, received: string, names: Map<string, string>, who: string): void {
  const want = readPayload(expected);
  const got = readPayload(received);
  const where = `${who} expected\n${expected}\nand got\n${received}\n`;
  assert.equal(got.tokens.length, want.tokens.length, where);
  const isAck = want.text.startsWith('ACK ');
  want.tokens.forEach((token, at) => {
    const now = got.tokens[at]!;
    const fresh = at === 0 || (!names.has(token) && UUID.test(token));
    if (fresh) {
      assert.match(now, UUID, where);
      if (!isAck) learn(token, now, names);
      // The transaction id of the ACK to a re-INVITE is arbitrary in the recordings, and nobody reads it.
    } else if (isAck && want.tokens[1] === 'sip' && at === 8) assert.match(now, UUID, where);
    else if (TIME.test(token)) assert.match(now, TIME, where);
    else if (isByteCount(want.tokens, at)) assert.equal(Number(now), byteCount(now, got.text), where);
    else assert.equal(now, names.get(token) ?? substitute(token, names), `token ${at}: ${where}`);
  });
  compareSip(want.text, got.text, names, who);
}

/** Token 3 of a message from the network, 5 of a reply. */
function isByteCount(tokens: readonly string[], at: number): boolean {
  if (tokens[1] === 'sip') return at === 3;
  return tokens[1] === 'response' && at === 5 && (tokens[4] === 'application' || tokens[4] === 'network');
}

/** As received: the server has added `;rport=` since. A message it made itself counts 0 bytes. */
function byteCount(token: string, text: string): number {
  if (token === '0') return 0;
  const added = text.startsWith('SIP/2.0') ? 0 : (/;rport=\d+/.exec(text)?.[0].length ?? 0);
  const length = Buffer.byteLength(text);
  return Number(token) === length ? length : length - added;
}

function compareSip(expected: string, received: string, names: Map<string, string>, who: string): void {
  const [wantHead = '', wantBody = ''] = expected.split('\r\n\r\n');
  const [gotHead = '', gotBody = ''] = received.split('\r\n\r\n');
  const ownAck = wantHead.startsWith('ACK ') && !wantHead.includes('\r\nMax-Forwards:');
  const want = wantHead.split('\r\n');
  const got = ownAck ? asProxyAcks(gotHead.split('\r\n'), want[0]!, names) : gotHead.split('\r\n');
  const where = `${who} expected\n${wantHead}\nand got\n${gotHead}\n`;
  assert.deepEqual(got.map(nameOf).slice(1), want.map(nameOf).slice(1), where);
  want.forEach((wanted, at) => {
    const now = got[at]!;
    if (substitute(wanted, names) === now || sameSeq(wanted, now, wantHead, names)) return;
    for (const pattern of [/tag=([^;\s>]+)/, /branch=([^;\s]+)/, /^Call-ID: (.+)$/]) {
      const recorded = pattern.exec(wanted)?.[1];
      const live = pattern.exec(now)?.[1];
      if (recorded !== undefined && live !== undefined) learn(recorded, live, names);
    }
    assert.equal(now, tolerated(substitute(wanted, names), now, wantHead), where);
  });
  assert.equal(gotBody, wantBody, where);
}

/** The server's own CSeq numbers grow with the clock: learnt for each call, from then on they must follow. */
function sameSeq(wanted: string, now: string, message: string, names: Map<string, string>): boolean {
  const [, recorded, method] = /^CSeq: (\d{6,}) (\w+)$/.exec(wanted) ?? [];
  const [, live, liveMethod] = /^CSeq: (\d{6,}) (\w+)$/.exec(now) ?? [];
  if (recorded === undefined || live === undefined || method !== liveMethod) return false;
  const call = /\r\nCall-ID: (\S+)/.exec(message)?.[1];
  const before = names.get(`${call} ${Number(recorded) - 1}`);
  const known = names.get(`${call} ${recorded}`) ?? (before === undefined ? undefined : String(Number(before) + 1));
  names.set(`${call} ${recorded}`, known ?? live);
  return known === undefined || known === live;
}

/**
 * The real server's ACK to the refusal of a proxied INVITE has no Max-Forwards and another Request-URI than the INVITE, against
 * RFC 3261 section 17.1.1.3; ours follows it. No application sees that ACK.
 */
function asProxyAcks(got: readonly string[], startLine: string, names: ReadonlyMap<string, string>): string[] {
  return [substitute(startLine, names), ...got.slice(1).filter((header) => nameOf(header) !== 'Max-Forwards')];
}

function nameOf(header: string): string {
  return header.slice(0, header.indexOf(':'));
}

/**
 * What differs on purpose, none of it visible to an application: a proxied request in a dialog loses a hop, as RFC 3261 section
 * 16.6 wants and the real server does not.
 */
function tolerated(wanted: string, now: string, message: string): string {
  const relayed = message.split('\r\n').filter((header) => header.startsWith('Via:')).length > 1;
  return relayed && wanted === 'Max-Forwards: 70' && now === 'Max-Forwards: 69' ? now : wanted;
}
