import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/**
 * Hides the caller's number, name or both from later legs (RFC 3323); a carrier is told the number all the same, in P-Asserted-Identity. Kazoo's
 * feature code (a captured number whose flow is run) is not done.
 */
export const privacy: CallflowModule = {
  name: 'privacy',
  describe: (data) => ({ 'pivot.privacy.mode': text(data, 'mode') ?? 'full' }),
  async run({ call, span, state }, data) {
    const mode = text(data, 'mode') ?? 'full';
    const all = mode === 'full' || mode === 'yes';
    const hide = { number: all || mode === 'number', name: all || mode === 'name' };
    call.memory.callerId = { ...call.memory.callerId, hide };
    if (state.captureGroup !== '') {
      span.warn(fault(engineCodes.badActionData, 'The captured number is not dialled by this version'));
    }
    return CONTINUE;
  },
};
