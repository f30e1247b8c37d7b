import type { CallflowNode } from '../../crds/callflow/node.ts';
import { engineCodes } from '../../crds/errors/engine.ts';
import { fault, faultOf } from '../../crds/errors/fault.ts';
import type { Call } from '../call/call.ts';
import { type CallflowModule, CONTINUE, type FlowState, type Outcome } from './module.ts';
import { isStarted, moduleNamed } from './registry.ts';
import type { FlowServices } from './services.ts';

/** Jumps into other flows in one call; the next ends the call (Kazoo's limit). */
export const MOST_BRANCHES = 50;
/** Actions in one call, so that flows which replace each other come to an end. */
export const MOST_ACTIONS = 10_000;

export interface FlowRun {
  readonly call: Call;
  readonly services: FlowServices;
  readonly state: FlowState;
  /** Replaceable for tests. */
  readonly modules?: (name: string) => CallflowModule | undefined;
}

/**
 * Runs a callflow to its end and hangs up. The rules are Kazoo's: a missing child means `_`, a missing `_` means stop, a failing or
 * unknown module means `_`, a stop goes back to the flow that branched here, and nothing runs for a caller who has gone.
 * Resolves when the call is over; never rejects.
 */
export async function runCallflow(root: CallflowNode, run: FlowRun): Promise<void> {
  const { call } = run;
  const returns: CallflowNode[] = [];
  let node = unlessEmpty(root);
  let branches = 0;
  let cause: string | undefined;

  for (let actions = 0; node !== undefined && !call.signal.aborted; actions += 1) {
    if (actions >= MOST_ACTIONS) {
      call.span.fail(fault(engineCodes.tooManyActions, `The call has run ${MOST_ACTIONS} actions`));
      break;
    }
    const current: CallflowNode = node;
    const next = resolveAttempts(await runNode(current, run), current);
    cause = undefined;
    switch (next.kind) {
      case 'continue':
        node = child(current, next.key ?? '_') ?? returns.pop();
        break;
      case 'branch': {
        branches += 1;
        if (branches > MOST_BRANCHES) {
          call.span.fail(fault(engineCodes.tooManyBranches, `The call has branched ${MOST_BRANCHES} times`));
          node = undefined;
          break;
        }
        const afterwards = child(current, '_');
        if (afterwards !== undefined) returns.push(afterwards);
        node = unlessEmpty(next.flow) ?? returns.pop();
        break;
      }
      case 'replace':
        node = unlessEmpty(next.flow) ?? returns.pop();
        break;
      case 'stop':
        cause = next.cause;
        node = returns.pop();
        break;
      case 'hardStop':
        cause = next.cause;
        node = undefined;
        break;
    }
  }
  await call.hangup(cause === undefined ? {} : { cause }).catch(() => {});
}

/** `attempt` made plain: the outcome that it comes to for this node. */
function resolveAttempts(outcome: Outcome, node: CallflowNode): Exclude<Outcome, { kind: 'attempt' }> {
  if (outcome.kind !== 'attempt') return outcome;
  const key = outcome.keys.find((name) => own(node, name) !== undefined);
  return key === undefined ? resolveAttempts(outcome.otherwise, node) : { kind: 'continue', key };
}

/** Child `key`, or `_` where there is none; a child that is `{}` is a stop. */
function child(node: CallflowNode, key: string): CallflowNode | undefined {
  return own(node, node.children !== undefined && Object.hasOwn(node.children, key) ? key : '_');
}

function own({ children }: CallflowNode, key: string): CallflowNode | undefined {
  return children !== undefined && Object.hasOwn(children, key) ? unlessEmpty(children[key]) : undefined;
}

/** Kazoo writes `{}` where a flow is to end. */
function unlessEmpty(node: CallflowNode | undefined): CallflowNode | undefined {
  return node === undefined || Object.keys(node).length === 0 ? undefined : node;
}

async function runNode(node: CallflowNode, run: FlowRun): Promise<Outcome> {
  const { call } = run;
  const { metrics } = run.services;
  const module = (run.modules ?? moduleNamed)(node.module);
  const name = isStarted(node.module) ? node.module : 'other';
  if (node.data['skip_module'] === true) {
    call.span.event('pivot.action.skipped', { 'pivot.action': node.module });
    metrics.actionRan(name, 'skipped');
    return CONTINUE;
  }
  const span = call.span.child(`action ${name}`, {
    'pivot.action': node.module,
    ...module?.describe?.(node.data),
  });
  try {
    if (module === undefined) {
      span.warn(
        fault(engineCodes.moduleNotRun, `The module "${node.module}" is not run by this version; going on at "_"`),
      );
      metrics.actionRan(name, 'skipped');
      return CONTINUE;
    }
    const outcome = await module.run({ call, services: run.services, state: run.state, node, span }, node.data);
    span.set({ 'pivot.action.outcome': outcome.kind });
    metrics.actionRan(name, outcome.kind);
    return outcome;
  } catch (error) {
    // The call is over: what the module was doing for it was cut off, which is no failure.
    if (call.signal.aborted) {
      span.set({ 'pivot.action.outcome': 'hangup' });
      metrics.actionRan(name, 'call-ended');
      return { kind: 'hardStop' };
    }
    span.fail(faultOf(error, engineCodes.moduleFailed));
    metrics.actionRan(name, 'failed');
    return CONTINUE;
  } finally {
    span.end();
  }
}
