/** `set`, `unset`, `export`, `multiset`, `multiunset`. */

import { splitAssignment } from '../arguments.ts';
import type { Channel } from '../channel.ts';
import type { Application } from '../execution.ts';

function assign(channel: Channel, text: string): void {
  const [name, value] = splitAssignment(text);
  if (name !== '') channel.setVariable(name, value);
}

/** `^^X` at the start makes X the separator; a space otherwise. */
function parts(args: string): string[] {
  const own = /^\^\^(.)(.*)$/s.exec(args);
  return own === null ? args.split(' ') : (own[2] ?? '').split(own[1] ?? ' ');
}

export const set: Application = {
  name: 'set',
  run({ channel, args }) {
    assign(channel, args);
    return undefined;
  },
};

export const unset: Application = {
  name: 'unset',
  run({ channel, args }) {
    channel.setVariable(args.trim(), undefined);
    return undefined;
  },
};

/** Sets the variable and names it in `export_vars`, for legs dialled from this one. */
export const exportVariable: Application = {
  name: 'export',
  run({ channel, args }) {
    const [name, value] = splitAssignment(args.replace(/^nolocal:/, ''));
    if (name === '') return undefined;
    channel.setVariable(name, value);
    const exported = new Set((channel.variable('export_vars') ?? '').split(',').filter((it) => it !== ''));
    channel.setVariable('export_vars', [...exported.add(name)].join(','));
    return undefined;
  },
};

export const multiset: Application = {
  name: 'multiset',
  run({ channel, args }) {
    for (const part of parts(args)) assign(channel, part);
    return undefined;
  },
};

export const multiunset: Application = {
  name: 'multiunset',
  run({ channel, args }) {
    for (const part of parts(args)) channel.setVariable(part.trim(), undefined);
    return undefined;
  },
};
