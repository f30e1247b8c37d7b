import { flag, integer, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';
import { callerIdFor, callOut, DEFAULT_RING_SECONDS, headersOf, timed } from './calling.ts';
import { callersOwn } from './own-endpoints.ts';

/**
 * Rings one device: where it has registered, else at its fixed address. The caller is answered when the device answers. Afterwards the flow
 * stops; when it was not answered, it goes on at the child named by the failure, else at `_`.
 */
export const device: CallflowModule = {
  name: 'device',
  describe: (data) => ({ 'pivot.device': text(data, 'id') ?? '' }),
  async run(context, data) {
    const name = text(data, 'id');
    if (name === undefined) return CONTINUE;
    const staticUser = text(data, 'static_invite');
    const plan = await context.services.dialler.plan(
      {
        target: { kind: 'device', name },
        wish: {},
        headers: headersOf(context, data),
        except: callersOwn(context.call, flag(data, 'can_call_self') === true),
        ...(staticUser === undefined ? {} : { staticUser }),
      },
      callerIdFor(context, data),
    );
    const seconds = integer(data, 'timeout') || DEFAULT_RING_SECONDS;
    return callOut(context, data, timed(plan, integer(data, 'delay') ?? 0, seconds), {
      earlyMedia: true,
      fallsBack: true,
    });
  },
};
