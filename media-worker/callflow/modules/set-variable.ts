import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

const VARIABLES = ['call_priority', 'group_id'];

/** Sets one of the well-known channel variables, `call_priority` or `group_id`; read by `branch_variable`. Others are ignored. */
export const setVariable: CallflowModule = {
  name: 'set_variable',
  describe: (data) => ({ 'pivot.variable': text(data, 'variable') ?? '' }),
  async run({ call, span }, data) {
    const variable = text(data, 'variable') ?? '';
    const value = data['value'];
    if (!VARIABLES.includes(variable)) {
      span.warn(
        fault(
          engineCodes.badActionData,
          `set_variable knows ${VARIABLES.join(' and ')}, not "${variable.slice(0, 64)}"`,
        ),
      );
    } else if (typeof value === 'string' || typeof value === 'number') {
      call.memory.customChannelVars.set(variable, String(value));
    }
    return CONTINUE;
  },
};
