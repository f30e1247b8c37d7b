import type { CompiledCallflow, SecretValues } from '../../crds/routing-table.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { Background } from './background.ts';
import type { PivotSession } from './pivot-session.ts';

/** What modules may use beside the call itself. Made for each call. */
export interface FlowServices {
  /** A callflow of an account by its resource's name, from the table that the call started with. */
  readonly callflow: (account: string, name: string) => CompiledCallflow | undefined;
  readonly secrets: SecretValues;
  readonly outgoing: Outgoing;
  /** The call's webhook exchanges: their count, limits, cookies, CDR targets. */
  readonly pivot: PivotSession;
  /** Owner of what outlives the action that started it, e.g. a fire-and-forget request. */
  readonly background: Background;
  /** Whether webhooks on loopback and private addresses are allowed; tells the validator of webhook answers. */
  readonly allowLoopbackUrls: boolean;
}
