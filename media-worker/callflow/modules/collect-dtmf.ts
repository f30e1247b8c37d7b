import type { JsonObject } from '../../../crds/callflow/node.ts';
import type { Call } from '../../call/call.ts';
import { collectDigits } from '../../call/collect.ts';
import { integer, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

const DEFAULT_FIRST_MS = 5000;
const DEFAULT_INTER_DIGIT_MS = 2000;

/**
 * Answers and collects digits under `collection_name`. Digits typed ahead count: those in the collection `default` are cut at the first
 * terminator and taken from there; a terminator among them cuts without ending the collection (Kazoo's rule).
 */
export const collectDtmf: CallflowModule = {
  name: 'collect_dtmf',
  describe: (data) => ({ 'pivot.collection': text(data, 'collection_name') ?? 'default' }),
  async run({ call, services, span }, data) {
    await call.answer();
    const terminators = terminatorsOf(data);
    const maxDigits = integer(data, 'max_digits') ?? 1;
    const early = takeTypedAhead(call, terminators);
    const collected = await collectDigits(call, {
      maxDigits,
      firstDigitMs: integer(data, 'timeout') ?? DEFAULT_FIRST_MS,
      interDigitMs: integer(data, 'interdigit_timeout') ?? DEFAULT_INTER_DIGIT_MS,
      terminators,
      initial: early,
    });
    const name = text(data, 'collection_name') ?? 'default';
    const sensitive = data['sensitive'] === true;
    call.memory.collections.set(name, collected.digits);
    // Requests send it as long as the call has it; what is recorded of them must not tell it either.
    if (sensitive) call.memory.sensitiveCollections.add(name);
    else call.memory.sensitiveCollections.delete(name);
    span.set({
      ...(sensitive || !services.pivot.debug ? {} : { 'pivot.digits': collected.digits }),
      'pivot.digits.count': collected.digits.length,
      'pivot.digits.ended_by': collected.endedBy,
    });
    return CONTINUE;
  },
};

function terminatorsOf(data: JsonObject): string {
  const one = text(data, 'terminator');
  if (one !== undefined) return one;
  const several = data['terminators'];
  return Array.isArray(several) ? several.filter((key) => typeof key === 'string').join('') : '#';
}

/** What the collection `default` holds, up to the first terminator; the collection is gone afterwards. */
function takeTypedAhead(call: Call, terminators: string): string {
  const typed = call.memory.collections.get('default') ?? '';
  call.memory.collections.delete('default');
  const end = [...typed].findIndex((key) => terminators.includes(key));
  return end < 0 ? typed : typed.slice(0, end);
}
