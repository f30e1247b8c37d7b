import type { JsonObject } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { flag, integer, text } from '../data.ts';
import type { CallflowModule, ModuleContext, Outcome } from '../module.ts';
import { callerIdFor, callOut, headersOf, timed } from './calling.ts';

/** A proxy gives up after so long (RFC 3261 section 16.6, timer C); Kazoo waits for the carrier. */
const LONGEST_RING_SECONDS = 180;

/** Fields that mean nothing here, where they say something. */
const NOT_HERE: readonly (readonly [field: string, counts: (value: unknown) => boolean, why: string])[] = [
  ['outbound_flags', (value) => Array.isArray(value) && value.length > 0, 'PivotTrunks have no flags'],
  ['dynamic_flags', (value) => Array.isArray(value) && value.length > 0, 'PivotTrunks have no flags'],
  ['hunt_account_id', (value) => typeof value === 'string', 'only trunks of the call’s own namespace are used'],
];

/**
 * Calls a number through the trunks of the account. A call that was answered stops the flow; one that failed goes to the child named by its cause
 * or SIP status, else ends the call with that cause (`_` is not taken, as in Kazoo).
 */
async function run(context: ModuleContext, data: JsonObject): Promise<Outcome> {
  const { call, services, span } = context;
  const { account, request, number } = call.facts();
  for (const [field, counts, why] of NOT_HERE) {
    if (counts(data[field])) span.warn(fault(engineCodes.badActionData, `${field} has no effect: ${why}`));
  }
  const fromDomain = text(data, 'from_uri_realm');
  const plan = await services.dialler.plan(
    {
      target: {
        kind: 'number',
        number: text(data, 'to_did') ?? request.user ?? number,
        asIs: flag(data, 'do_not_normalize') === true || flag(data, 'bypass_e164') === true,
      },
      wish: {},
      headers: {
        ...headersOf(context, data),
        ...(flag(data, 'emit_account_id') === true ? { 'X-Account-ID': account } : {}),
      },
      ...(fromDomain !== undefined && /^[a-z0-9.-]{1,253}$/i.test(fromDomain) ? { fromDomain } : {}),
    },
    callerIdFor(context, data),
  );
  const seconds = integer(data, 'timeout') || LONGEST_RING_SECONDS;
  return callOut(context, data, timed(plan, 0, seconds), {
    earlyMedia: flag(data, 'ignore_early_media') !== true,
    fallsBack: false,
  });
}

const describe = (data: JsonObject): Readonly<Record<string, string>> => ({
  'pivot.to_did': text(data, 'to_did') ?? '',
});

export const resources: CallflowModule = { name: 'resources', describe, run };

/** The older name; with Kazoo it takes the carriers of the system, which are not there: those of the account are taken. */
export const offnet: CallflowModule = { name: 'offnet', describe, run };
