import type { Application } from '../execution.ts';

/** Answers the call; a second time does nothing. */
export const answer: Application = {
  name: 'answer',
  run({ channel }) {
    const { answer: accept } = channel;
    channel.answer = undefined;
    accept?.();
    return undefined;
  },
};
