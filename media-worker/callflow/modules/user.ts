import { flag, integer, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';
import { callerIdFor, callOut, DEFAULT_RING_SECONDS, headersOf, timed } from './calling.ts';
import { callersOwn } from './own-endpoints.ts';

/**
 * Rings all devices of a user, together or one after the other. Afterwards the flow stops; when nobody answered, it goes on at the child named
 * by the failure, else at `_`. The PivotUser's own `ringStrategy` counts where the action names no `strategy`, its forwarding and
 * do-not-disturb always.
 */
export const user: CallflowModule = {
  name: 'user',
  describe: (data) => ({ 'pivot.user': text(data, 'id') ?? '' }),
  async run(context, data) {
    const name = text(data, 'id');
    if (name === undefined) return CONTINUE;
    const strategy = text(data, 'strategy');
    const staticUser = text(data, 'static_invite');
    const plan = await context.services.dialler.plan(
      {
        target: { kind: 'user', name },
        wish: {},
        headers: headersOf(context, data),
        except: callersOwn(context.call, flag(data, 'can_call_self') === true),
        ...(strategy === 'single' ? { strategy } : {}),
        ...(staticUser === undefined ? {} : { staticUser }),
        failOnReject: flag(data, 'fail_on_single_reject') === true,
      },
      callerIdFor(context, data),
    );
    const seconds = integer(data, 'timeout') || DEFAULT_RING_SECONDS;
    return callOut(context, data, timed(plan, integer(data, 'delay') ?? 0, seconds), {
      earlyMedia: strategy === 'single',
      fallsBack: true,
    });
  },
};
