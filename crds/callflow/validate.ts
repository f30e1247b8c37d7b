import { callflowCodes } from '../errors/callflow.ts';
import type { Fault } from '../errors/fault.ts';
import { Collector } from './collector.ts';
import { CALLFLOW_LIMITS } from './limits.ts';
import { lint } from './lint.ts';
import { measure } from './measure.ts';
import type { CallflowNode } from './node.ts';
import type { ValidationMode } from './pivot-data.ts';
import { type OwnNode, readNode, type Task, unwrap } from './read-node.ts';

export interface ValidateOptions {
  /** `admission` unless set; see `ValidationMode`. */
  readonly mode?: ValidationMode;
  /** Lets URLs name this machine (`localhost`, 127.0.0.1, …). Off unless set; `pivot up` sets it. */
  readonly allowLoopbackUrls?: boolean;
}

/** All faults found, in document order; each place has a JSON pointer into the given value (`/children/_/data/text`). */
export type ValidationResult =
  | { readonly ok: true; readonly node: CallflowNode; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

/**
 * Turns any value into a callflow with canonical module names and all defaults filled in, or into all that is wrong with it. The value is
 * not changed. Time and memory are bounded for hostile input: nothing larger than `CALLFLOW_LIMITS` is walked.
 */
export function validateCallflow(value: unknown, options: ValidateOptions = {}): ValidationResult {
  const tooMuch = measure(value);
  if (tooMuch !== undefined) return { ok: false, faults: [tooMuch], warnings: [] };

  const collector = new Collector();
  const mode = options.mode ?? 'admission';
  const urls = { allowLoopbackUrls: options.allowLoopbackUrls ?? false };
  let root: OwnNode | undefined;
  const start = unwrap(value, collector);
  const tasks: Task[] = [
    {
      ...start,
      depth: 1,
      place: (node) => {
        root = node;
      },
    },
  ];
  let nodes = 0;
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if (task.depth > CALLFLOW_LIMITS.depth) {
      collector.report(
        callflowCodes.tooDeep,
        `more than ${CALLFLOW_LIMITS.depth} actions follow one another`,
        task.pointer,
      );
      break;
    }
    if (++nodes > CALLFLOW_LIMITS.nodes) {
      collector.report(callflowCodes.tooManyNodes, `more than ${CALLFLOW_LIMITS.nodes} actions`, task.pointer);
      break;
    }
    readNode(task, tasks, { collector, mode, urls });
  }
  if (root === undefined || collector.faults.length > 0)
    return { ok: false, faults: collector.faults, warnings: collector.warnings };
  lint(root, start.pointer, mode, collector);
  return { ok: true, node: root, warnings: collector.warnings };
}
