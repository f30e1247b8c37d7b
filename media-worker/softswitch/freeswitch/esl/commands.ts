/** The commands of the event socket and their replies, word for word as FreeSWITCH 1.10.12 gives them (20, 22, 42, 42b). */

import { randomUUID } from 'node:crypto';
import { runApi } from '../apis/registry.ts';
import { causeOf } from '../causes.ts';
import type { Channel } from '../channel.ts';
import { profileHeaders } from '../channel-headers.ts';
import { type Header, headerLines } from '../event.ts';
import type { EventSocket, Reply } from './connection.ts';
import type { Command } from './parser.ts';

type Handler = (socket: EventSocket, args: string, command: Command) => Reply | Promise<Reply>;

function reply(text: string, more = ''): Reply {
  return { text: `Content-Type: command/reply\nReply-Text: ${text}\n${more}\n` };
}

const NOT_FOUND: Reply = reply('-ERR command not found');

function apiReply(body: string): Reply {
  const text = body === '' ? '-ERR no reply\n' : body;
  return { text: `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}` };
}

/** `connect` on an outbound socket: the whole channel data (30). */
function channelData(socket: EventSocket, channel: Channel): Reply {
  const headers: Header[] = [
    ...socket.core.baseHeaders('CHANNEL_DATA'),
    ...profileHeaders('Channel', channel),
    ...channel.dataHeaders(),
    ['Content-Type', 'command/reply'],
    ['Reply-Text', '+OK\n'],
    ['Socket-Mode', 'async'],
    ['Control', 'full'],
  ];
  return { text: `${headerLines(headers).replace('command%2Freply', 'command/reply')}\n` };
}

/** `sendmsg`: `execute` and `hangup` act on a channel; anything else is accepted and does nothing. */
function sendMessage(socket: EventSocket, args: string, command: Command): Reply {
  const uuid = args.trim();
  const channel = uuid === '' ? socket.channel : socket.core.channels.get(uuid);
  if (channel === undefined) return reply(`-ERR invalid session id [${uuid}]`);
  const get = (name: string): string => command.headers.get(name) ?? '';
  switch (get('call-command').toLowerCase()) {
    case 'execute': {
      const app = get('execute-app-name');
      const arg = command.body === '' ? get('execute-app-arg') : command.body;
      const loops = Math.max(1, Math.min(100, Number(get('loops')) || 1));
      const id = get('event-uuid');
      const execute = (): void => {
        if (app === '') return;
        for (let i = 0; i < loops; i += 1) channel.execution.execute(app, arg, id === '' ? undefined : id);
      };
      return { ...reply('+OK'), after: execute };
    }
    case 'hangup':
      return { ...reply('+OK'), after: () => channel.hangup(causeOf(get('hangup-cause')), { side: 'local' }) };
    default:
      return reply('+OK');
  }
}

function sendEvent(socket: EventSocket, args: string, command: Command): Reply {
  const name = args.trim().split(/\s+/)[0] ?? '';
  if (name === '') return reply('-ERR invalid event');
  const uuid = randomUUID();
  const headers = Array.from(command.headers, ([key, value]): Header => [key, value]);
  const subclass = command.headers.get('event-subclass');
  const fire = (): void =>
    socket.core.fire(name.toUpperCase(), () => [['Event-UUID', uuid], ...headers], {
      ...(subclass === undefined ? {} : { subclass }),
      ...(command.body === '' ? {} : { body: command.body }),
    });
  return { ...reply(`+OK ${uuid}`), after: fire };
}

function backgroundApi(socket: EventSocket, args: string, command: Command): Reply {
  const { core } = socket;
  const uuid = command.headers.get('job-uuid') ?? randomUUID();
  const text = args.trim();
  const space = text.indexOf(' ');
  const name = space === -1 ? text : text.slice(0, space);
  const jobArgs = space === -1 ? '' : text.slice(space + 1);
  const run = async (): Promise<void> => {
    const body = await runApi(core, name, jobArgs);
    core.fire(
      'BACKGROUND_JOB',
      () => {
        const headers: Header[] = [
          ['Job-UUID', uuid],
          ['Job-Command', name],
        ];
        if (jobArgs !== '') headers.push(['Job-Command-Arg', jobArgs]);
        return headers;
      },
      { body: body === '' ? '-ERR no reply\n' : body },
    );
  };
  return {
    ...reply(`+OK Job-UUID: ${uuid}`, `Job-UUID: ${uuid}\n`),
    after: () => core.track(run(), `bgapi ${name}`),
  };
}

async function api(socket: EventSocket, args: string): Promise<Reply> {
  const text = args.trimStart();
  const space = text.indexOf(' ');
  const name = space === -1 ? text : text.slice(0, space);
  return apiReply(await runApi(socket.core, name, space === -1 ? '' : text.slice(space + 1)));
}

/** Commands of a socket that controls a channel; elsewhere they are refused with `refusal`. */
function controlling(refusal: string, run: (socket: EventSocket, args: string) => Reply): Handler {
  return (socket, args) => (socket.channel === undefined ? reply(refusal) : run(socket, args));
}

/** `log` with a level name or number; the reply says what was asked and the level it means. */
const LEVELS = ['console', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
function logLevel(args: string): Reply {
  const wanted = args.trim();
  const named = LEVELS.indexOf(wanted.toLowerCase());
  const level = wanted === '' ? 7 : /^\d+$/.test(wanted) ? Number(wanted) : named === -1 ? 7 : named;
  return reply(`+OK log level ${wanted} [${level}]`);
}

const NO_SESSION = '-ERR not controlling a session';

/** A handler whose `needs` is set is found only with something after the word. */
const COMMANDS: ReadonlyMap<string, { readonly run: Handler; readonly needs?: true }> = new Map<
  string,
  { readonly run: Handler; readonly needs?: true }
>([
  ['api', { needs: true, run: api }],
  ['bgapi', { needs: true, run: backgroundApi }],
  ['event', { run: (socket, args) => reply(socket.subscription.add(args)) }],
  ['nixevent', { run: (socket, args) => reply(socket.subscription.remove(args)) }],
  ['noevents', { run: (socket) => reply(socket.subscription.clear()) }],
  ['filter', { needs: true, run: (socket, args) => reply(socket.subscription.filter(args)) }],
  ['sendmsg', { run: sendMessage }],
  ['sendevent', { run: sendEvent }],
  ['exit', { run: () => ({ ...reply('+OK bye'), close: true }) }],
  ['log', { run: (_, args) => logLevel(args) }],
  ['nolog', { run: () => reply('+OK no longer logging') }],
  [
    'divert_events',
    {
      run: controlling(`${NO_SESSION}.`, (_, args) =>
        reply(args.trim() === 'on' ? '+OK events diverted' : '+OK events not diverted'),
      ),
    },
  ],
  [
    'linger',
    {
      run: controlling(NO_SESSION, (socket, args) => {
        const seconds = Math.min(3600, Number(args.trim()) || 0);
        socket.linger = seconds;
        return reply(seconds > 0 ? `+OK will linger ${seconds} seconds` : '+OK will linger');
      }),
    },
  ],
  [
    'nolinger',
    {
      run: controlling(NO_SESSION, (socket) => {
        socket.linger = undefined;
        return reply('+OK will not linger');
      }),
    },
  ],
  [
    'myevents',
    {
      run: (socket, args) => {
        const words = args.split(/\s+/).filter((word) => word !== '');
        if (socket.channel !== undefined) return reply(socket.subscription.only(socket.channel.uuid, words.at(-1)));
        return words[0] === undefined ? NOT_FOUND : reply(socket.subscription.only(words[0], words[1]));
      },
    },
  ],
  [
    'connect',
    {
      run: (socket) => (socket.channel === undefined ? NOT_FOUND : channelData(socket, socket.channel)),
    },
  ],
  [
    'getvar',
    {
      run: (socket, args) => {
        const value = socket.channel?.variable(args.trim());
        return value === undefined ? NOT_FOUND : reply(value);
      },
    },
  ],
  ['resume', { run: (socket) => (socket.channel === undefined ? NOT_FOUND : reply('+OK')) }],
]);

function authenticate(socket: EventSocket, line: string): Reply {
  const match = /^(auth|userauth)\s+(.*)$/i.exec(line.trimEnd());
  if (match === null) return line.trim() === 'exit' ? { ...reply('+OK bye'), close: true } : NOT_FOUND;
  if (match[1]?.toLowerCase() === 'auth' && socket.authenticate(match[2] ?? '')) {
    socket.admit();
    return reply('+OK accepted');
  }
  return { ...reply('-ERR invalid'), close: true };
}

export function runCommand(socket: EventSocket, command: Command): Reply | Promise<Reply> {
  if (!socket.authenticated) return authenticate(socket, command.line);
  const match = /^\s*(\S+)(\s.*)?$/s.exec(command.line);
  const found = COMMANDS.get((match?.[1] ?? '').toLowerCase());
  const args = match?.[2]?.slice(1) ?? '';
  if (found === undefined || (found.needs === true && args.trim() === '')) return NOT_FOUND;
  return found.run(socket, args, command);
}
