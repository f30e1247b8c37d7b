/** Applications that only leave a note or change nothing that can be heard here. */

import type { Application } from '../execution.ts';

export const log: Application = {
  name: 'log',
  run({ channel, args }) {
    channel.core.log('info', 'application log', { uuid: channel.uuid, text: args });
    return undefined;
  },
};

export const info: Application = { name: 'info', run: () => undefined };
/** Its argument is expanded, which may be all that is wanted. */
export const evaluate: Application = { name: 'eval', run: () => undefined };
export const preAnswer: Application = { name: 'pre_answer', run: () => undefined };
export const ringReady: Application = { name: 'ring_ready', run: () => undefined };
export const setAudioLevel: Application = { name: 'set_audio_level', run: () => undefined };
export const bindDigitAction: Application = { name: 'clear_digit_action', run: () => undefined };
