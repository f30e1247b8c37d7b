import { splitArguments } from '../arguments.ts';
import type { Application } from '../execution.ts';
import { playFile } from '../playback.ts';
import { soundExists } from '../sounds.ts';

/** The files of one character read out: digits only; anything else is passed over. */
function filesOf(text: string): string[] {
  return Array.from(text).flatMap((char) => (/\d/.test(char) ? [`digits/${char}.wav`] : []));
}

/** `say LANGUAGE TYPE METHOD TEXT`: each digit by its file where FreeSWITCH's sounds are installed; else completes at once. */
export const say: Application = {
  name: 'say',
  async run(context) {
    const [, , , text] = splitArguments(context.args, 4);
    const files = filesOf(text ?? '');
    const first = files[0];
    if (first === undefined || !(await soundExists(context.channel, first))) return context.turn();
    await playFile(context, `file_string://${files.join('!')}`);
  },
};
