import type { CallflowModule } from '../module.ts';
import { untilHangup } from './wait-for-hangup.ts';

/** Answers and sends silence until the caller leaves. */
export const deadAir: CallflowModule = {
  name: 'dead_air',
  async run({ call }) {
    await call.answer();
    return untilHangup(call);
  },
};
