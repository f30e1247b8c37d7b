import type { Timer } from '../sip/clock.ts';
import type { DialogState } from '../sip/dialog.ts';
import type { RequestMessage } from '../sip/message.ts';
import type { ClientTransaction, IncomingRequest, ServerTransaction } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';

/** An application's connection, once it is open. */
export interface App {
  readonly id: number;
  /** The connection is closed; what it had stays until it ends by itself (transcript 17). */
  gone: boolean;
  authenticated: boolean;
  /** Sends one payload; the frame is made here. */
  send(payload: string): void;
  close(): void;
}

/** A request from the network that an application has to answer. */
export interface Inbound {
  /** The transaction id of the frames. */
  readonly id: string;
  readonly app: App;
  readonly request: IncomingRequest;
  readonly transaction: ServerTransaction;
  /** Empty outside a dialog. */
  readonly dialogId: string;
  /** Ours; an application may choose it with its first response. */
  toTag: string;
  /** The dialog it belongs to, or has made. */
  dialog: DialogRecord | undefined;
  /** Ends it when the application never answers. */
  readonly expiry: Timer;
  /** Set while the request is proxied: a CANCEL goes on to its branches. */
  cancelProxy?: (() => void) | undefined;
}

/** A request of an application that is under way. */
export interface Outbound {
  readonly id: string;
  readonly app: App;
  readonly method: string;
  dialogId: string;
  transaction: ClientTransaction | undefined;
  /** A CANCEL may be sent (RFC 3261 section 9.1). */
  provisional: boolean;
  /** The CANCEL that waits for a provisional response. */
  pendingCancel: (() => void) | undefined;
  readonly timers: Set<Timer>;
}

/** The last INVITE that we sent in a dialog: what the application's ACK is for. */
export interface SentInvite {
  readonly seq: number;
  outcome: 'pending' | 'success' | 'failure';
  /** The ACK, once the application sent it: repeated when the 2xx is. */
  ack?: { readonly request: RequestMessage; readonly peer: Peer };
}

export interface DialogRecord {
  /** `<Call-ID>;from-tag=<tag>` */
  readonly id: string;
  readonly state: DialogState;
  readonly app: App;
  /** Where the far end was last heard from: its TCP connection is used again. */
  flow: Peer;
  confirmed: boolean;
  sentInvite: SentInvite | undefined;
  /** 2xx responses of ours that wait for their ACK, by CSeq. */
  readonly unacknowledged: Map<number, { readonly stop: () => void; readonly transactionId: string }>;
  /** An INVITE of the far end that the application has not answered. */
  inviteInbound: boolean;
  /** Runs once the application is gone. */
  expiry: Timer | undefined;
}
