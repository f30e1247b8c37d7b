import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/** Forgets a collection of digits; for `default` also what was typed ahead. */
export const flushDtmf: CallflowModule = {
  name: 'flush_dtmf',
  async run({ call }, data) {
    const name = text(data, 'collection_name') ?? 'default';
    call.memory.collections.delete(name);
    if (name === 'default') call.digits.takeAll();
    return CONTINUE;
  },
};
