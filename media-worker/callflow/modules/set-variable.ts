import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/** Sets one of the well-known channel variables, `call_priority` or `group_id`; read by `branch_variable`. */
export const setVariable: CallflowModule = {
  name: 'set_variable',
  describe: (data) => ({ 'pivot.variable': text(data, 'variable') ?? '' }),
  async run({ call }, data) {
    const variable = text(data, 'variable');
    const value = data['value'];
    if (variable !== undefined && (typeof value === 'string' || typeof value === 'number')) {
      call.memory.customChannelVars.set(variable.toLowerCase().replaceAll('-', '_'), String(value));
    }
    return CONTINUE;
  },
};
