import type { Envelope } from './envelope.ts';
import type { RequestMessage, ResponseMessage } from './message.ts';
import type { State } from './transaction-machines.ts';
import type { Peer } from './transport.ts';

/** A request as it was received, with what was read of it. */
export interface IncomingRequest {
  readonly message: RequestMessage;
  readonly envelope: Envelope;
  readonly from: Peer;
  /** Bytes on the wire. */
  readonly size: number;
}

export interface IncomingResponse {
  readonly message: ResponseMessage;
  readonly envelope: Envelope;
  readonly from: Peer;
  readonly size: number;
}

export interface ServerTransaction {
  readonly request: IncomingRequest;
  readonly state: State['name'];
  /** True once a final response was sent. */
  readonly answered: boolean;
  /** Sends a response and keeps it for retransmissions. Returns false when the transaction is past it. */
  respond(response: ResponseMessage): boolean;
  /** Where responses go. */
  readonly to: Peer;
}

export interface ClientHandlers {
  /** Every response except retransmitted finals; for INVITE a retransmitted 2xx comes again. */
  onResponse(response: IncomingResponse): void;
  /** No final response came in time (`timeout`) or the transport failed (`transport`). Nothing follows. */
  onFailure(why: 'timeout' | 'transport', error: Error | undefined): void;
}

export interface ClientTransaction {
  readonly request: RequestMessage;
  readonly to: Peer;
  readonly state: State['name'];
  /** Ends it without another word, as if the transport had failed. */
  abandon(): void;
}
