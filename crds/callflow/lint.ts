import { callflowCodes } from '../errors/callflow.ts';
import { type Collector, show } from './collector.ts';
import type { CallflowNode } from './node.ts';
import type { ValidationMode } from './pivot-data.ts';
import { join } from './pointer.ts';
import type { ChildKeys } from './schema.ts';
import { canonicalModule } from './schemas.ts';

/** What is known on the way to an action. */
interface Visit {
  readonly node: CallflowNode;
  readonly pointer: string;
  /** An action before it answers the call. */
  readonly answered: boolean;
  /** A `record_call` before it started a recording. */
  readonly recording: boolean;
}

/**
 * Points out what is valid but surely not meant (spec callflow-modules E.4, E.5). Warnings only. What depends on what happened earlier
 * in a call (answered, recording) is judged for manifests alone: there a callflow begins a call.
 */
export function lint(root: CallflowNode, pointer: string, mode: ValidationMode, collector: Collector): void {
  const stack: Visit[] = [{ node: root, pointer, answered: mode === 'runtime', recording: mode === 'runtime' }];
  for (let visit = stack.pop(); visit !== undefined && !collector.warningsFull; visit = stack.pop()) {
    const { node, pointer } = visit;
    const schema = canonicalModule(node.module)!;
    checkChildNames(node, schema.children, pointer, collector);
    checkMeaning(visit, mode, collector);
    const answered = visit.answered || schema.answers !== 'no';
    const recording = visit.recording || (node.module === 'record_call' && node.data['action'] !== 'stop');
    const children = Object.entries(node.children ?? {});
    for (const [key, child] of children.reverse()) {
      stack.push({ node: child, pointer: join(join(pointer, 'children'), key), answered, recording });
    }
  }
}

function checkChildNames(node: CallflowNode, keys: ChildKeys, pointer: string, collector: Collector): void {
  for (const key of Object.keys(node.children ?? {})) {
    const problem = childProblem(node, keys, key);
    if (problem === undefined) continue;
    const place = join(join(pointer, 'children'), key);
    collector.report(
      callflowCodes.unreachableChild,
      `${node.module}: the child ${show(key)} never runs, because ${problem}`,
      place,
    );
  }
}

function childProblem(node: CallflowNode, keys: ChildKeys, key: string): string | undefined {
  switch (keys.kind) {
    case 'none':
      return 'nothing follows this action';
    case 'default':
      return key === '_' ? undefined : 'this action always continues at "_"';
    case 'named':
      if (key === '_' || keys.keys.includes(key)) return undefined;
      return `this action continues at ${keys.keys.map(show).join(', ')} or "_"`;
    case 'digits':
      if (key === '_' || keys.keys.includes(key) || /^[0-9*#A-D]+$/.test(key)) return undefined;
      return `children of this action are named by digits, ${keys.keys.map(show).join(', ')} or "_"`;
    case 'thresholds':
      return key === '_' || /^-?\d+$/.test(key)
        ? undefined
        : 'children of this action are named by whole numbers, or "_"';
    case 'failures':
      if (key === '_')
        return keys.fallsBack ? undefined : 'a call that fails here goes to the child of its cause, or ends';
      return /^([A-Z][A-Z0-9_]*|sip:[1-6]\d\d)$/.test(key)
        ? undefined
        : 'children of this action are named by causes (USER_BUSY) or SIP codes (sip:486)';
    case 'values':
      if (key === '') return 'its name is empty';
      return node.module === 'check_cid' ? checkCidProblem(node, key) : undefined;
  }
}

function checkCidProblem(node: CallflowNode, key: string): string | undefined {
  const absolute = node.data['use_absolute_mode'] === true;
  if (key === '_' || key === 'nomatch') return undefined;
  if (key === 'match') return absolute ? '"use_absolute_mode" takes the child named like the number' : undefined;
  return absolute ? undefined : 'only "use_absolute_mode" takes children named by numbers';
}

function checkMeaning({ node, pointer, answered, recording }: Visit, mode: ValidationMode, collector: Collector): void {
  const { module, data } = node;
  switch (module) {
    case 'pivot':
      if (mode === 'admission' && node.children?.['_'] === undefined) {
        collector.report(
          callflowCodes.noFailback,
          'pivot: without a "_" child the call ends when its web server fails',
          pointer,
        );
      }
      return;
    case 'sleep':
    case 'wait_for_hangup':
      if (!answered) {
        collector.report(
          callflowCodes.waitsUnanswered,
          `${module}: the call is not answered yet; the caller hears ringing`,
          pointer,
        );
      }
      return;
    case 'record_call':
      if (data['action'] === 'stop' && !recording) {
        collector.report(
          callflowCodes.noEffect,
          'record_call: nothing was started that could be stopped',
          join(pointer, 'data'),
        );
      }
      return;
    case 'set_variable':
      if (data['variable'] !== 'call_priority' && data['variable'] !== 'group_id') {
        const message = `set_variable: only "call_priority" and "group_id" have an effect, not ${show(data['variable'])}`;
        collector.report(callflowCodes.noEffect, message, join(pointer, 'data'));
      }
      return;
    case 'conference':
      if (data['id'] !== undefined && data['config'] !== undefined) {
        collector.report(
          callflowCodes.noEffect,
          'conference: "config" has no effect beside "id"',
          join(pointer, 'data'),
        );
      }
      return;
  }
}
