import type { Json } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import type { CallMemory } from '../../call/call.ts';
import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/**
 * Branches to the child named by a variable's value, by exact key; else `_`. Scopes `custom_channel_vars` (default) and, an extension
 * of ours, `custom_application_vars`. Scopes that need resources this version does not have fall to `_` with a warning.
 */
export const branchVariable: CallflowModule = {
  name: 'branch_variable',
  describe: (data) => ({ 'pivot.variable': text(data, 'variable') ?? '' }),
  async run({ call, node, span }, data) {
    const variable = text(data, 'variable') ?? '';
    const scope = text(data, 'scope') ?? 'custom_channel_vars';
    if (scope !== 'custom_channel_vars' && scope !== 'custom_application_vars' && scope !== 'merged') {
      span.warn(
        fault(engineCodes.badActionData, `branch_variable has no values for scope "${scope}" here; going on at "_"`),
      );
      return CONTINUE;
    }
    const value = variableOf(call.memory, scope, variable);
    if (value === undefined || node.children === undefined || !Object.hasOwn(node.children, value)) return CONTINUE;
    return { kind: 'continue', key: value };
  },
};

function variableOf(memory: CallMemory, scope: string, variable: string): string | undefined {
  if (scope === 'custom_application_vars') return branchKey(memory.customApplicationVars.get(variable));
  return memory.customChannelVars.get(variable.toLowerCase().replaceAll('-', '_'));
}

/** Strings as they are, booleans and numbers as text; objects, lists and null never match. */
function branchKey(value: Json | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
