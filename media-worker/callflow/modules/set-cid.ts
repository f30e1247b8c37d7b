import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/** Replaces the caller id that later legs are shown, whatever else says who calls; what is left out or empty is not replaced any more. */
export const setCid: CallflowModule = {
  name: 'set_cid',
  async run({ call }, data) {
    const number = text(data, 'caller_id_number');
    const name = text(data, 'caller_id_name');
    const rewrite = { ...(number === undefined ? {} : { number }), ...(name === undefined ? {} : { name }) };
    call.memory.callerId = { ...call.memory.callerId, rewrite };
    return CONTINUE;
  },
};
