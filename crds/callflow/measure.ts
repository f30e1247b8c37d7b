import { callflowCodes } from '../errors/callflow.ts';
import { type CodeEntry, type Fault, fault } from '../errors/fault.ts';
import { CALLFLOW_LIMITS, JSON_DEPTH_LIMIT } from './limits.ts';
import { join } from './pointer.ts';

interface Step {
  readonly value: unknown;
  readonly depth: number;
  readonly parent: Step | undefined;
  readonly key: string | number;
}

/**
 * Checks that a value is plain JSON and small enough to be walked recursively. It walks with its own stack and stops at the first limit,
 * so depth 10,000, lists of a million entries and cyclic objects cost next to nothing. Sizes are those of compact JSON, escapes aside.
 */
export function measure(root: unknown): Fault | undefined {
  const stack: Step[] = [{ value: root, depth: 0, parent: undefined, key: '' }];
  let bytes = 0;
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { value, depth } = step;
    if (depth > JSON_DEPTH_LIMIT) {
      return at(callflowCodes.tooDeep, `more than ${JSON_DEPTH_LIMIT} levels of lists and objects`, undefined);
    }
    switch (typeof value) {
      case 'string':
        bytes += (value.length > CALLFLOW_LIMITS.bytes ? value.length : Buffer.byteLength(value)) + 2;
        break;
      case 'boolean':
        bytes += 4;
        break;
      case 'number':
        if (!Number.isFinite(value)) return at(callflowCodes.notJsonValue, `${value} is not a JSON number`, step);
        bytes += 1;
        break;
      case 'object': {
        if (value === null) {
          bytes += 4;
          break;
        }
        if (Array.isArray(value)) {
          bytes += value.length + 2;
          if (bytes > CALLFLOW_LIMITS.bytes) break;
          for (let index = value.length - 1; index >= 0; index--) {
            stack.push({ value: value[index], depth: depth + 1, parent: step, key: index });
          }
          break;
        }
        const prototype: unknown = Object.getPrototypeOf(value);
        if (prototype !== Object.prototype && prototype !== null) {
          return at(
            callflowCodes.notJsonValue,
            'a value is neither an object, a list, text, number, true, false nor null',
            step,
          );
        }
        bytes += 2;
        for (const [key, member] of Object.entries(value)) {
          if (member === undefined) continue;
          bytes += key.length + 4;
          stack.push({ value: member, depth: depth + 1, parent: step, key });
        }
        break;
      }
      default:
        return at(callflowCodes.notJsonValue, `a ${typeof value} is not a JSON value`, step);
    }
    if (bytes > CALLFLOW_LIMITS.bytes) {
      return at(callflowCodes.tooLarge, `more than ${CALLFLOW_LIMITS.bytes / 1024} KiB`, undefined);
    }
  }
  return undefined;
}

function at(entry: CodeEntry, message: string, step: Step | undefined): Fault {
  const keys: (string | number)[] = [];
  for (let one = step; one?.parent !== undefined; one = one.parent) keys.push(one.key);
  return fault(entry, message, { pointer: keys.reverse().reduce<string>(join, '') });
}
