import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kindOf, type LoggedMessage, parseSippLog } from './messages.ts';
import { freePort } from './ports.ts';

/** What a called sipp does with each call. */
export type CalleeBehaviour =
  /** 180, 200 after `ringMs`; then it hangs up after `talkMs`, or waits for the far end's BYE. */
  | { readonly kind: 'answers'; readonly ringMs?: number; readonly talkMs?: number }
  /** 180, then this status. */
  | { readonly kind: 'refuses'; readonly status: number; readonly reason: string }
  /** 180 and no more; the CANCEL that must come is answered. */
  | { readonly kind: 'rings' };

export interface CalleeOptions {
  readonly behaviour: CalleeBehaviour;
  readonly transport?: 'udp' | 'tcp';
  /** Where it wants its sound: an `Ear`. */
  readonly media: { readonly host: string; readonly port: number };
  /** Default: a free one. */
  readonly port?: number;
  /** Calls after which it ends. Default 1. */
  readonly calls?: number;
}

/** A sipp that is called. */
export interface SippCallee {
  /** `HOST:PORT`. */
  readonly address: string;
  /** Resolves with the messages when it has had its calls; rejects, as does everything else, with what sipp said when one went wrong. */
  readonly ended: Promise<readonly LoggedMessage[]>;
  /** Resolves with the first message that fits; rejects when sipp ends without one. */
  message(direction: LoggedMessage['direction'], kind: string): Promise<LoggedMessage>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const PATIENCE_MS = 20_000;

/** Starts it; rejects with what sipp says when it does not come up. */
export async function startSippCallee(options: CalleeOptions): Promise<SippCallee> {
  const { behaviour, media, transport = 'udp', calls = 1 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'sipp-callee-'));
  const file = (name: string): string => join(folder, name);
  // sipp opens the port of its media last, though it is not used: it is up when that cannot be had.
  const port = options.port ?? (await freePort(HOST));
  const ownMedia = await freePort(HOST);
  writeFileSync(file('callee.xml'), scenario(behaviour, media));
  const args = [
    ...['-sf', file('callee.xml'), '-i', HOST, '-p', String(port), '-mp', String(ownMedia), '-m', String(calls)],
    ...['-t', transport === 'tcp' ? 't1' : 'u1', '-aa', '-nostdin', '-trace_err', '-error_file', file('errors.log')],
    ...['-trace_msg', '-message_file', file('messages.log')],
  ];
  const child = spawn('sipp', args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString('latin1')).slice(-4000);
  });
  const read = (name: string): string => {
    try {
      return readFileSync(file(name), 'latin1');
    } catch {
      return '';
    }
  };
  const messages = (): readonly LoggedMessage[] => parseSippLog(read('messages.log'));
  let closed = false;
  const exited = new Promise<number>((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('close', (code) => resolve(code ?? -1));
  });
  const ended = exited.then((code) => {
    const seen = messages();
    const errors = `${complaints}\n${read('errors.log')}`.trim();
    rmSync(folder, { recursive: true, force: true });
    if (code !== 0 && !closed) throw new Error(`the called sipp ended with ${code}: ${errors}`);
    return seen;
  });
  ended.catch(() => {});
  while (!(await taken(ownMedia))) await orEnded(10);

  /** Waits a moment; rejects at once when sipp has ended badly. */
  async function orEnded(ms: number): Promise<void> {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, ms))]);
  }

  return {
    address: `${HOST}:${port}`,
    ended,
    async message(direction, kind) {
      let last: readonly LoggedMessage[] | undefined;
      void ended.then(
        (seen) => {
          last = seen;
        },
        () => {},
      );
      for (;;) {
        const over = last;
        const found = (over ?? messages()).find((each) => each.direction === direction && kindOf(each) === kind);
        if (found !== undefined) return found;
        if (over !== undefined) throw new Error(`the called sipp ended without having ${direction} ${kind}`);
        await orEnded(10);
      }
    },
    async close() {
      closed = true;
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function taken(port: number): Promise<boolean> {
  const probe = createSocket('udp4');
  return new Promise((resolve) => {
    probe.on('error', () => resolve(true));
    probe.bind(port, HOST, () => probe.close(() => resolve(false)));
  });
}

function scenario(behaviour: CalleeBehaviour, media: CalleeOptions['media']): string {
  return [
    '<?xml version="1.0" encoding="ISO-8859-1"?>',
    '<scenario name="callee">',
    // Our BYE goes to whoever called: their From, tag and all.
    '<recv request="INVITE" rrs="true"><action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/></action></recv>',
    '<Reference variables="caller"/>',
    reply('180 Ringing'),
    ...after(behaviour, media),
    '</scenario>',
    '',
  ].join('\n');
}

function after(behaviour: CalleeBehaviour, media: CalleeOptions['media']): string[] {
  switch (behaviour.kind) {
    case 'rings':
      return [
        `<recv request="CANCEL" timeout="${PATIENCE_MS}"/>`,
        reply('200 OK'),
        reply('487 Request Terminated', { toInvite: true }),
        `<recv request="ACK" timeout="${PATIENCE_MS}"/>`,
      ];
    case 'refuses':
      return [reply(`${behaviour.status} ${behaviour.reason}`), `<recv request="ACK" timeout="${PATIENCE_MS}"/>`];
    case 'answers': {
      const { ringMs = 0, talkMs } = behaviour;
      const start = [
        ...(ringMs > 0 ? [`<pause milliseconds="${ringMs}"/>`] : []),
        reply('200 OK', { sdp: media }),
        `<recv request="ACK" timeout="${PATIENCE_MS}"/>`,
      ];
      if (talkMs === undefined) return [...start, '<recv request="BYE"/>', reply('200 OK')];
      return [...start, `<pause milliseconds="${Math.max(1, talkMs)}"/>`, BYE, '<recv response="200"/>'];
    }
  }
}

/** `toInvite`: the CSeq of the last request is another's. */
function reply(
  status: string,
  { sdp, toInvite = false }: { sdp?: CalleeOptions['media']; toInvite?: boolean } = {},
): string {
  const body =
    sdp === undefined
      ? []
      : [
          'v=0',
          `o=sipp 1 1 IN IP4 ${sdp.host}`,
          's=-',
          `c=IN IP4 ${sdp.host}`,
          't=0 0',
          `m=audio ${sdp.port} RTP/AVP 0 101`,
          'a=rtpmap:0 PCMU/8000',
          'a=rtpmap:101 telephone-event/8000',
          'a=fmtp:101 0-15',
        ];
  const lines = [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_From:]',
    '[last_To:];tag=[pid]-[call_number]',
    '[last_Call-ID:]',
    toInvite ? 'CSeq: [last_cseq_number] INVITE' : '[last_CSeq:]',
    'Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>',
    ...(sdp === undefined ? [] : ['Content-Type: application/sdp']),
    'Content-Length: [len]',
    '',
    ...body,
  ];
  return `<send><![CDATA[\n\n${lines.join('\n')}\n\n]]></send>`;
}

const BYE = `<send retrans="500"><![CDATA[

BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:callee@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: [$caller]
[last_Call-ID:]
CSeq: 1 BYE
Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Content-Length: 0

]]></send>`;
