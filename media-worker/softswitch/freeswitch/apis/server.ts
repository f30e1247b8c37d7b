/** Commands about the server: `status`, `version`, `sofia`, `show`, globals (21, 22). */

import { randomUUID } from 'node:crypto';
import { splitArguments } from '../arguments.ts';
import { type Core, PROFILE, VERSION } from '../core.ts';
import { statusText } from '../statistics.ts';
import type { Api } from './types.ts';

const RULE = '='.repeat(97);

/** drachtio-fsmrf finds where to send INVITEs in the line of its profile. */
function sofiaStatus(core: Core): string {
  const url = `sip:mod_sofia@${core.sip.host}:${core.sip.port}`;
  const row = (name: string, type: string, data: string, state: string): string =>
    `${name.padStart(25)}\t${type.padStart(7)}\t${data.padStart(42)}\t${state}\n`;
  return (
    `${row('Name', 'Type', 'Data', 'State')}${RULE}\n` +
    row(PROFILE, 'profile', url, `RUNNING (${core.channels.size})`) +
    `${RULE}\n1 profile 0 aliases\n`
  );
}

function profileStatus(core: Core, name: string): string {
  if (name !== PROFILE) return 'Invalid Profile!\n';
  const url = `sip:mod_sofia@${core.sip.host}:${core.sip.port}`;
  const rows: readonly (readonly [string, string])[] = [
    ['Name', PROFILE],
    ['Domain Name', 'N/A'],
    ['Dialplan', 'XML'],
    ['Context', 'mrf'],
    ['RTP-IP', core.sip.host],
    ['SIP-IP', core.sip.host],
    ['URL', url],
    ['BIND-URL', `${url};transport=udp,tcp`],
    ['CODECS IN', 'PCMU,PCMA'],
    ['CODECS OUT', 'PCMU,PCMA'],
    ['TEL-EVENT', '101'],
    ['DTMF-MODE', 'rfc2833'],
    ['LATE-NEG', 'true'],
    ['CALLS-IN', String(core.counters.sinceStartup)],
    ['REGISTRATIONS', '0'],
  ];
  return `${RULE}\n${rows.map(([key, value]) => `${key.padEnd(17)}\t${value}\n`).join('')}`;
}

export const sofia: Api = {
  name: 'sofia',
  run(core, args) {
    const [what, kind, name] = splitArguments(args);
    if (what !== 'status') return '-USAGE: status|xmlstatus [[profile <name>]]\n';
    return kind === 'profile' ? profileStatus(core, name ?? '') : sofiaStatus(core);
  },
};

export const status: Api = { name: 'status', run: (core) => statusText(core) };

export const version: Api = {
  name: 'version',
  run: (_, args) =>
    args.trim() === 'short'
      ? '1.10.12-release'
      : `FreeSWITCH Version ${VERSION} (git a88d069 2024-08-02 21:02:27Z 64bit)\n`,
};

const SHOW_COLUMNS = [
  'uuid',
  'direction',
  'created_epoch',
  'name',
  'state',
  'ip_addr',
  'dest',
  'application',
  'callstate',
];

/** `show channels|calls [count|as json]`. */
export const show: Api = {
  name: 'show',
  run(core, args) {
    const words = splitArguments(args);
    const calls = words[0] === 'calls' || words[0] === 'bridged_calls';
    if (!calls && words[0] !== 'channels') return '-USAGE: channels|calls [count|as json]\n';
    const rows = [...core.channels.values()]
      .filter((channel) => !calls || channel.bridgedTo !== undefined)
      .map((channel) => [
        channel.uuid,
        'inbound',
        channel.times.created.slice(0, 10),
        channel.name,
        channel.state,
        channel.networkAddress,
        channel.destination,
        channel.variable('current_application') ?? '',
        channel.callState,
      ]);
    if (words[1] === 'count') return `\n${rows.length} total.\n`;
    if (words[1] === 'as' && words[2] === 'json') {
      const objects = rows.map((row) => Object.fromEntries(row.map((value, i) => [SHOW_COLUMNS[i] ?? '', value])));
      return JSON.stringify({ row_count: rows.length, ...(rows.length === 0 ? {} : { rows: objects }) });
    }
    const table = rows.length === 0 ? '' : `${[SHOW_COLUMNS, ...rows].map((row) => row.join(',')).join('\n')}\n`;
    return `${table}\n${rows.length} total.\n`;
  },
};

export const createUuid: Api = { name: 'create_uuid', run: () => randomUUID() };
export const hostname: Api = { name: 'hostname', run: (core) => core.hostname };
export const echo: Api = { name: 'echo', run: (_, args) => args };

export const uptime: Api = {
  name: 'uptime',
  run: (core) => `${Math.floor((Date.now() - core.counters.startedAt) / 1000)}\n`,
};

export const globalGetvar: Api = {
  name: 'global_getvar',
  run(core, args) {
    const name = args.trim();
    if (name !== '') return core.globals.get(name) ?? '';
    return Array.from(core.globals, ([key, value]) => `${key}=${value}\n`).join('');
  },
};

export const globalSetvar: Api = {
  name: 'global_setvar',
  run(core, args) {
    const equals = args.indexOf('=');
    if (equals < 1) return '-USAGE: <var>=<value>\n';
    core.globals.set(args.slice(0, equals).trim(), args.slice(equals + 1));
    return '+OK';
  },
};

/** Replaces global variables in its argument. */
export const evaluate: Api = {
  name: 'eval',
  run: (core, args) => args.replace(/\$\{([^{}]+)\}/g, (_, name: string) => core.globals.get(name) ?? ''),
};

const MODULES = new Set([
  'mod_sofia',
  'mod_dptools',
  'mod_commands',
  'mod_conference',
  'mod_event_socket',
  'mod_tone_stream',
  'mod_sndfile',
]);

export const moduleExists: Api = {
  name: 'module_exists',
  run: (_, args) => String(MODULES.has(args.trim())),
};

export const reloadxml: Api = { name: 'reloadxml', run: () => '+OK [Success]\n' };

export const fsctl: Api = {
  name: 'fsctl',
  run(core, args) {
    const [what] = splitArguments(args);
    if (what === 'max_sessions') return `+OK max sessions: ${core.maxSessions}\n`;
    if (what === 'ready_check') return 'true';
    return '-USAGE: max_sessions|ready_check\n';
  },
};
