import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headerOf, kindOf, type LoggedMessage, parseSippLog } from './messages.ts';
import { freePort } from './ports.ts';
import { type CallerScenario, callerScenario, SIGN } from './sipp-scenario.ts';

export interface SippOptions extends CallerScenario {
  /** Where to send the INVITE. */
  readonly to: { readonly host: string; readonly port: number };
  readonly transport?: 'udp' | 'tcp';
  /** Address to call from. Default 127.0.0.1. */
  readonly localHost?: string;
  /** Calls in all. Default 1. */
  readonly calls?: number;
  /** New calls a second. Default 10. */
  readonly rate?: number;
  /** Calls at once. Default: no limit. */
  readonly atOnce?: number;
  /** Milliseconds after which sipp is ended. Default 60 s. */
  readonly timeoutMs?: number;
  /** Off for load: the log of messages costs more than the calls. Default on. */
  readonly log?: boolean;
}

export interface SippResult {
  /** 0: every call went as the scenario says. 1: some failed. Others: see sipp's manual. -1: it had to be ended. */
  readonly exitCode: number;
  readonly created: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Milliseconds from INVITE to 200, mean over the calls. */
  readonly setupMs: number;
  readonly messages: readonly LoggedMessage[];
  /** Unexpected messages, and why calls failed. */
  readonly errors: string;
}

/** A sipp that is calling. */
export interface Sipp {
  /** Resolves when sipp has ended; never rejects. */
  readonly ended: Promise<SippResult>;
  /** Messages so far. */
  readonly messages: readonly LoggedMessage[];
  /** Resolves with the first message that fits; rejects when sipp ends without one. `kind` is a method, or a status such as `200`. */
  message(direction: LoggedMessage['direction'], kind: string): Promise<LoggedMessage>;
  /** Asks for the end now; for one call with the ending `hang-up`, once answered. */
  hangUp(): Promise<void>;
  /** Ends sipp without a word to the far end, as a phone whose power fails. */
  kill(): void;
}

/** Starts sipp as a caller. */
export async function startSipp(options: SippOptions): Promise<Sipp> {
  const { to, transport = 'udp', localHost = '127.0.0.1', calls = 1, log = true, timeoutMs = 60_000 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'sipp-'));
  const file = (name: string): string => join(folder, name);
  const port = await freePort(localHost);
  writeFileSync(file('caller.xml'), callerScenario(options));
  const args = [
    ...[`${to.host}:${to.port}`, '-sf', file('caller.xml'), '-i', localHost, '-p', String(port)],
    ...['-t', transport === 'tcp' ? 't1' : 'u1', '-m', String(calls), '-r', String(options.rate ?? 10)],
    ...(options.atOnce === undefined ? [] : ['-l', String(options.atOnce)]),
    // Other requests in a call are answered by sipp itself.
    ...['-aa', '-nostdin', '-timeout', `${Math.ceil(timeoutMs / 1000)}s`, '-timeout_error'],
    ...['-trace_stat', '-stf', file('statistics.csv'), '-fd', '1', '-trace_err', '-error_file', file('errors.log')],
    ...(log ? ['-trace_msg', '-message_file', file('messages.log')] : []),
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
  const ended = endOf(child, timeoutMs + 5000).then((exitCode): SippResult => {
    const result = {
      exitCode,
      ...parseStatistics(read('statistics.csv')),
      messages: parseSippLog(read('messages.log')),
      errors: errorsOf(`${read('errors.log')}\n${complaints}`),
    };
    rmSync(folder, { recursive: true, force: true });
    return result;
  });
  let over: SippResult | undefined;
  void ended.then((result) => {
    over = result;
  });
  const messages = (): readonly LoggedMessage[] => over?.messages ?? parseSippLog(read('messages.log'));

  const message: Sipp['message'] = async (direction, kind) => {
    for (;;) {
      const last = over !== undefined;
      const found = messages().find((each) => each.direction === direction && kindOf(each) === kind);
      if (found !== undefined) return found;
      if (last) throw new Error(`sipp ended without having ${direction} ${kind}: ${over?.errors ?? ''}`);
      // sipp tells nobody that it has written to its log.
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))]);
    }
  };

  return {
    ended,
    get messages() {
      return messages();
    },
    message,
    async hangUp() {
      const answer = await message('received', '200');
      const sign = [
        `${SIGN} sip:sipp@${localHost}:${port} SIP/2.0`,
        `Via: SIP/2.0/${transport.toUpperCase()} 127.0.0.1:9;branch=z9hG4bK-hang-up`,
        // The far end's tag, since sipp puts the last one it saw into its BYE.
        `From: ${headerOf(answer, 'To') ?? ''}`,
        `To: ${headerOf(answer, 'From') ?? ''}`,
        `Call-ID: ${headerOf(answer, 'Call-ID') ?? ''}`,
        `CSeq: 1 ${SIGN}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
      if (transport === 'udp') {
        const socket = createSocket('udp4');
        await new Promise<void>((resolve) => socket.send(sign, port, localHost, () => resolve()));
        socket.close();
      } else {
        const socket = connect(port, localHost, () => socket.end(sign));
        socket.on('error', () => {});
      }
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

/** One or many calls, from start to end. */
export async function runSipp(options: SippOptions): Promise<SippResult> {
  return (await startSipp(options)).ended;
}

function endOf(child: ChildProcess, limitMs: number): Promise<number> {
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  return new Promise((resolve) => {
    const done = (code: number): void => {
      clearTimeout(timer);
      resolve(code);
    };
    child.on('error', () => done(-1));
    child.on('exit', (code) => done(code ?? -1));
  });
}

/** What sipp complains about, without what belongs to the course of a scenario. */
function errorsOf(text: string): string {
  const noise = /jumping to label|There were more errors|The following events occurred|Resolving remote host|^\s*$/;
  return text
    .split('\n')
    .filter((line) => !noise.test(line))
    .join('\n')
    .trim();
}

/** The last line of sipp's statistics holds the totals. */
function parseStatistics(
  csv: string,
): Pick<SippResult, 'created' | 'successful' | 'failed' | 'retransmissions' | 'setupMs'> {
  const lines = csv.trim().split('\n');
  const names = lines[0]?.split(';') ?? [];
  const values = lines.at(-1)?.split(';') ?? [];
  const value = (name: string): string => values[names.indexOf(name)] ?? '';
  // `00:00:00:012000`: hours, minutes, seconds, microseconds.
  const [hours = 0, minutes = 0, seconds = 0, micros = 0] = value('ResponseTimesetup(C)').split(':').map(Number);
  return {
    created: Number(value('TotalCallCreated')),
    successful: Number(value('SuccessfulCall(C)')),
    failed: Number(value('FailedCall(C)')),
    retransmissions: Number(value('Retransmissions(C)')),
    setupMs: ((hours * 60 + minutes) * 60 + seconds) * 1000 + micros / 1000,
  };
}
