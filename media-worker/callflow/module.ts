import type { CallflowNode, JsonObject } from '../../crds/callflow/node.ts';
import type { Call } from '../call/call.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { FlowServices } from './services.ts';

/** What a module asks of the engine when it is done (Kazoo's verbs; `docs/callflow-reference.md` has the rules). */
export type Outcome =
  /** Run child `key`, else `_`; without `_` the flow stops. Default key `_`. */
  | { readonly kind: 'continue'; readonly key?: string }
  /** Run the first of `keys` that is a child; if none is, do `otherwise`. */
  | { readonly kind: 'attempt'; readonly keys: readonly string[]; readonly otherwise: Outcome }
  /** Run another flow; when it stops, this node's `_` runs. */
  | { readonly kind: 'branch'; readonly flow: CallflowNode }
  /** Replace the running flow; its remaining children are gone, flows that branched here are kept. */
  | { readonly kind: 'replace'; readonly flow: CallflowNode }
  /** This flow is finished: go back to the one that branched here, else end the call with `cause`. */
  | { readonly kind: 'stop'; readonly cause?: string }
  /** The call is over, whatever branched. */
  | { readonly kind: 'hardStop'; readonly cause?: string };

/** The outcome of nearly every module. */
export const CONTINUE: Outcome = { kind: 'continue' };

/** State that a flow carries from node to node and that is not the call's own memory. */
export interface FlowState {
  /** What the number's pattern captured. */
  captureGroup: string;
  namedGroups: Readonly<Record<string, string>>;
}

export interface ModuleContext {
  readonly call: Call;
  readonly services: FlowServices;
  readonly state: FlowState;
  readonly node: CallflowNode;
  /** The action's span. */
  readonly span: CallSpan;
}

/** One kind of action. `data` has been validated and has its defaults. */
export interface CallflowModule {
  readonly name: string;
  /** Attributes for the action's span, taken from the data; nothing secret, nothing long. */
  readonly describe?: (data: JsonObject) => Readonly<Record<string, string | number | boolean>>;
  run(context: ModuleContext, data: JsonObject): Promise<Outcome>;
}
