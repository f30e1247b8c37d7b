import type { PvCode } from './errors/fault.ts';
import type { ResourceKey } from './routing-table.ts';
import type { SecretsDelta } from './secret-values.ts';
import type { TableDelta } from './table-delta.ts';

/**
 * The stream on which the operator's leader hands the routing table to the workers: a WebSocket (RFC 6455) to `STREAM_PATH`, subprotocol
 * `STREAM_PROTOCOL`, opened by the worker with its token as `Authorization: Bearer`. Text messages are JSON documents with a `type`; a type that is
 * not known is ignored. Binary messages are the pieces of a snapshot, compressed with gzip (`table-pieces.ts`).
 *
 *     worker                         operator
 *     hello ──────────────────────►            which table it has
 *           ◄────────────────────── snapshot, pieces, secrets   the whole
 *           ◄────────────────────── delta                       or what has changed
 *           ◄────────────────────── heartbeat                   every 4 s, and at once if it has the present table
 *     ack | nack ─────────────────►            each snapshot and each delta is answered; the next is sent after that
 *     state ──────────────────────►            on change, and every 4 s
 *     health ─────────────────────►            every 5 s, if there were exchanges with web servers
 */
export const STREAM_PATH = '/v1/table';
/** A new number when a message changes so that the other side of the version before would misread it. */
export const STREAM_PROTOCOL = 'pivot.table.v1';

/** What either side takes from the other, at most. */
export const STREAM_LIMITS = {
  /** Bytes of a message of a worker. */
  workerMessageBytes: 64 * 1024,
  /** Bytes of a message of the operator: a Secret of 1 MiB whose every character is escaped fits in. */
  operatorMessageBytes: 8 * 1024 * 1024,
  /** Bytes of an uncompressed piece of a snapshot. */
  pieceBytes: 4 * 1024 * 1024,
  /** Pieces of a snapshot, and messages with its secret values. */
  pieces: 16_384,
  /** Bytes of all pieces of a snapshot, uncompressed. A million numbers have some 150 MB. */
  tableBytes: 384 * 1024 * 1024,
  /** Characters of all secret values. */
  secretsLength: 64 * 1024 * 1024,
  /** Bytes of a delta; for a larger one a snapshot is sent. */
  deltaBytes: 1024 * 1024,
  /** Objects that one nack names. */
  rejections: 100,
  /** Callflows of one health report. */
  health: 25,
  /** Characters of a name or message in what workers send. */
  text: 1024,
} as const;

/** Milliseconds. */
export const STREAM_TIMING = {
  /** From the operator to each worker; the workers report their state as often. */
  heartbeatMs: 4_000,
  /** A side that was silent for so long counts as gone. Shorter than a Lease lasts: who follows a leader that hangs has left it when another leads. */
  silenceMs: 12_000,
  /** Between two health reports of a worker. */
  healthMs: 5_000,
} as const;

/** Who connects, and which table it has. */
export interface Hello {
  readonly type: 'hello';
  /** Name of the pod; what the token says goes before it. */
  readonly worker: string;
  readonly node: string;
  /** Another one after each start of the process. */
  readonly epoch: string;
  /** Version of the program. */
  readonly build: string;
  /** Calls at the same time. */
  readonly capacity: number;
  /** Version of its table; null: none. */
  readonly version: string | null;
  /** `secretsDigest` of its secret values; null: none. */
  readonly secrets: string | null;
}

/** It uses the table. */
export interface Ack {
  readonly type: 'ack';
  readonly serial: number;
  readonly version: string;
}

/** Why a table is refused: some objects cannot be used; too many numbers would go; it does not fit what is here, so send the whole. */
export type NackReason = 'objects' | 'shrink' | 'mismatch';

export interface RejectedObject {
  readonly key: ResourceKey;
  readonly code: PvCode;
  readonly message: string;
}

/** It goes on with the table before. */
export interface Nack {
  readonly type: 'nack';
  readonly serial: number;
  readonly version: string;
  readonly reason: NackReason;
  readonly code: PvCode;
  readonly message: string;
  readonly objects: readonly RejectedObject[];
}

export interface WorkerState {
  /** It takes new calls. */
  readonly ready: boolean;
  /** It ends its calls and takes no more. */
  readonly draining: boolean;
  readonly activeCalls: number;
  /** Why it is not ready. */
  readonly reasons: readonly string[];
}

export interface State extends WorkerState {
  readonly type: 'state';
}

/** Exchanges of one callflow with its web server, since the report before. */
export interface CallflowHealth {
  readonly key: ResourceKey;
  readonly ok: number;
  readonly failed: number;
  /** The last that failed. */
  readonly failure?: {
    /** RFC 3339. */
    readonly time: string;
    readonly code: PvCode;
    readonly message: string;
    readonly traceId: string;
  };
}

export interface Health {
  readonly type: 'health';
  readonly callflows: readonly CallflowHealth[];
}

export type WorkerMessage = Hello | Ack | Nack | State | Health;

/** The whole: then come `pieces` binary messages, then `secretParts` messages of type `secrets`. */
export interface Snapshot {
  readonly type: 'snapshot';
  /** Counts the tables that this leader has published. */
  readonly serial: number;
  readonly version: string;
  readonly secrets: string;
  /** 0: the table is the one that the worker has; only the secret values are new to it. */
  readonly pieces: number;
  readonly secretParts: number;
  /** However many numbers go, it is meant. */
  readonly allowShrink: boolean;
}

export interface Secrets {
  readonly type: 'secrets';
  readonly values: readonly (readonly [name: string, value: string])[];
}

export interface DeltaMessage {
  readonly type: 'delta';
  readonly serial: number;
  readonly table: TableDelta;
  readonly secrets: SecretsDelta;
}

/** The table that is in force; 0 and null: none yet. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly serial: number;
  readonly version: string | null;
}

export type OperatorMessage = Snapshot | Secrets | DeltaMessage | Heartbeat;

/** The body with which the operator refuses a connection. */
export interface Refusal {
  readonly code: PvCode;
  readonly message: string;
}
