import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/** Runs another callflow of the account, by its resource's name; when that stops, this node's `_` runs. */
export const callflow: CallflowModule = {
  name: 'callflow',
  describe: (data) => ({ 'pivot.callflow.id': text(data, 'id') ?? '' }),
  async run({ call, services, span }, data) {
    const id = text(data, 'id') ?? '';
    const found = services.callflow(call.facts().account, id);
    if (found === undefined) {
      span.warn(
        fault(engineCodes.missingCallflow, `There is no callflow "${id}" in account "${call.facts().account}"`),
      );
      return CONTINUE;
    }
    return { kind: 'branch', flow: found.flow };
  },
};
