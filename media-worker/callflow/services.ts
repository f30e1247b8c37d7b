import type { CompiledCallflow, SecretValues } from '../../crds/routing-table.ts';
import type { Rooms } from '../conference/rooms.ts';
import type { Dialler } from '../dial/dialler.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { Queues } from '../queue/queues.ts';
import type { BesideRecordings } from '../recordings/beside.ts';
import type { Recordings } from '../recordings/recordings.ts';
import type { CallMetrics } from '../telemetry/metrics.ts';
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
  readonly recordings: Pick<Recordings, 'open'>;
  /** The call's recordings that go on beside its actions. */
  readonly beside: BesideRecordings;
  readonly rooms: Rooms;
  readonly queues: Queues;
  readonly dialler: Dialler;
  readonly metrics: Pick<CallMetrics, 'actionRan' | 'verbRan'>;
  /** Whether webhooks on loopback and private addresses are allowed; tells the validator of webhook answers. */
  readonly allowLoopbackUrls: boolean;
}
