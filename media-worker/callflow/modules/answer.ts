import { type CallflowModule, CONTINUE } from '../module.ts';

/** Answers the call; harmless on an answered one. */
export const answer: CallflowModule = {
  name: 'answer',
  async run({ call }) {
    await call.answer();
    return CONTINUE;
  },
};
