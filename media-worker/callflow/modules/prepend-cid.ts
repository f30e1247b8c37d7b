import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/** Puts something before the caller id that later legs are shown: before what stands there already, or before the caller's own alone. */
export const prependCid: CallflowModule = {
  name: 'prepend_cid',
  async run({ call }, data) {
    const { callerId } = call.memory;
    const [number, name] = [text(data, 'caller_id_number_prefix') ?? '', text(data, 'caller_id_name_prefix') ?? ''];
    const current = text(data, 'action') !== 'reset' && text(data, 'apply_to') !== 'original';
    const before = current ? callerId.prefix : { number: '', name: '' };
    const prefix =
      text(data, 'action') === 'reset'
        ? { number: '', name: '' }
        : { number: `${number}${before.number}`, name: `${name}${before.name}` };
    call.memory.callerId = { ...callerId, prefix };
    return CONTINUE;
  },
};
