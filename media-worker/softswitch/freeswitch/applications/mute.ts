import { splitArguments } from '../arguments.ts';
import type { Application } from '../execution.ts';

/** `set_mute read|write|both true|false`: read, nobody hears the channel; write, it hears nothing. */
export const setMute: Application = {
  name: 'set_mute',
  run({ channel, args }) {
    const [direction, wanted] = splitArguments(args);
    const on = wanted === 'true' || wanted === 'on' || wanted === '1';
    if (direction === 'read' || direction === 'both') channel.readMuted = on;
    if (direction === 'write' || direction === 'both') channel.output.muted = on;
    return undefined;
  },
};
