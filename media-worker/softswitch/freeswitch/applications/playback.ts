import type { Application } from '../execution.ts';
import { type PlayResult, playbackTerminators, playFile } from '../playback.ts';

const RESPONSES: Readonly<Record<PlayResult, string>> = {
  played: 'FILE PLAYED',
  // A break and a terminator count as played (31, 31c).
  broken: 'FILE PLAYED',
  'not-found': 'FILE NOT FOUND',
  aborted: 'PLAYBACK ERROR',
  empty: 'PLAYBACK ERROR',
};

/** `playback FILE`: wav, mp3, `tone_stream://`, `silence_stream://`, `file_string://A!B`, a URL; `FILE@@SAMPLES` seeks. */
export const playback: Application = {
  name: 'playback',
  async run(context) {
    const { channel, signal } = context;
    const terminators = playbackTerminators(channel);
    let used: string | undefined;
    context.onDigit = ({ digit }) => {
      if (!terminators.includes(digit)) return;
      used = digit;
      channel.setVariable('playback_terminator_used', digit);
      context.stop();
    };
    const play: typeof context.play = (source) =>
      used === undefined ? context.play(source) : Promise.resolve('break');
    const result = await playFile({ ...context, play }, context.args);
    // `hangup` executed inside the playback leaves it as played; the far end's BYE makes it an error (38).
    const response = result === 'aborted' && signal.reason !== 'remote' ? 'FILE PLAYED' : RESPONSES[result];
    channel.setVariable('current_application_response', response);
  },
};
