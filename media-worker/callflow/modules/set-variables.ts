import { object } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/** Adds custom application variables to the call; later requests carry them as `Custom-Application-Vars`. */
export const setVariables: CallflowModule = {
  name: 'set_variables',
  describe: (data) => ({
    'pivot.variables': Object.keys(object(data, 'custom_application_vars') ?? {})
      .join(',')
      .slice(0, 256),
  }),
  async run({ call }, data) {
    for (const [name, value] of Object.entries(object(data, 'custom_application_vars') ?? {})) {
      call.memory.customApplicationVars.set(name, value);
    }
    return CONTINUE;
  },
};
