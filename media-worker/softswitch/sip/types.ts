/**
 * The SIP user agent that the FreeSWITCH stand-in and the test phone are built on. The drachtio stand-in uses the transaction
 * layer beneath it instead, since it passes messages on rather than acting on them.
 */

import type { Log } from './log.ts';

/** A parsed SIP message. Header names are lower case and long form; values are kept as received, one array entry per header line. */
export interface SipMessage {
  readonly kind: 'request' | 'response';
  /** Of a request. */
  readonly method?: string;
  readonly uri?: string;
  /** Of a response. */
  readonly status?: number;
  readonly reason?: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** Headers to add to a message, by their usual names. */
export type ExtraHeaders = Readonly<Record<string, string>>;

export interface UserAgentOptions {
  /** IP address to bind and to put into Via and Contact. */
  readonly host: string;
  /** 0 takes a free port (the same for UDP and TCP). */
  readonly port: number;
  readonly transports: readonly ('udp' | 'tcp')[];
  /** User part of Contact. */
  readonly user: string;
  readonly userAgent: string;
  readonly log?: Log;
}

export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localUri: string;
  readonly remoteUri: string;
  /** The far end's last session description. */
  readonly remoteSdp: string;
  readonly localSdp: string;
  /** The INVITE or the 2xx that made the dialog. */
  readonly initial: SipMessage;
  /** Aborts when the dialog is over, for whatever reason (`reason` is a `DialogEnd`). */
  readonly ended: AbortSignal;
  bye(headers?: ExtraHeaders): Promise<void>;
  /** Sends a re-INVITE; resolves with the answer's SDP, rejects on a final failure. */
  reinvite(sdp: string, headers?: ExtraHeaders): Promise<string>;
  info(contentType: string, body: string): Promise<number>;
  /** Any other request in the dialog; resolves with its final response, whatever the status. */
  request(method: string, headers?: ExtraHeaders, body?: string): Promise<SipMessage>;
  /** A re-INVITE or UPDATE came: returns the answer's SDP (or the offer, when `offer` is empty). Default: the current local SDP. */
  onReinvite: ((offer: string, message: SipMessage) => string | Promise<string>) | undefined;
  /** The ACK to a 2xx that carried our offer brought the answer. */
  onAckSdp: ((sdp: string) => void) | undefined;
  onInfo: ((contentType: string, body: string, message: SipMessage) => void) | undefined;
}

export interface DialogEnd {
  readonly side: 'local' | 'remote' | 'timeout';
  /** The BYE, when there was one. */
  readonly message?: SipMessage;
}

export interface IncomingCall {
  readonly invite: SipMessage;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly transport: 'udp' | 'tcp';
  /** Aborts when the caller cancels before an answer. */
  readonly cancelled: AbortSignal;
  provisional(status: 180 | 181 | 182 | 183, sdp?: string, headers?: ExtraHeaders): void;
  /** Answers 200. Resolves when the ACK came, rejects (dialog gone) when it never does. `dialog` is usable at once. */
  accept(sdp: string, headers?: ExtraHeaders): { dialog: Dialog; acknowledged: Promise<SipMessage> };
  reject(status: number, reason?: string, headers?: ExtraHeaders): void;
}

export interface OutgoingCall {
  readonly callId: string;
  /** Every provisional response except 100. */
  onProvisional: ((message: SipMessage) => void) | undefined;
  /** The dialog once answered; rejects with `SipFailure` on a final failure, time-out (408) or cancel (487). */
  readonly answered: Promise<Dialog>;
  cancel(): void;
}

/** Thrown by `OutgoingCall.answered` and `Dialog.reinvite`. */
export interface SipFailure extends Error {
  readonly status: number;
  readonly reason: string;
  readonly message_: SipMessage | undefined;
}

export interface OutgoingOptions {
  /** Request-URI and To: `sip:user@host:port[;transport=tcp]`. */
  readonly uri: string;
  /** Where to send it, when that is not where `uri` points: an outbound proxy, `sip:host:port[;transport=tcp]`. */
  readonly sendTo?: string;
  /** From URI and optional display name. */
  readonly from: string;
  readonly fromName?: string;
  /** The offer; empty makes an INVITE without SDP (the answer then goes into the ACK by `onOffer`). */
  readonly sdp: string;
  readonly onOffer?: (offer: string) => string;
  readonly headers?: ExtraHeaders;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly callId?: string;
}

/** A request outside a dialog. */
export interface OutsideRequestOptions {
  readonly method: string;
  /** Request-URI. */
  readonly uri: string;
  /** Where to send it, when that is not where `uri` points. */
  readonly sendTo?: string;
  /** From URI. */
  readonly from: string;
  /** To URI; default `uri`. A REGISTER has the address of record here. */
  readonly to?: string;
  readonly headers?: ExtraHeaders;
  readonly body?: string;
  readonly contentType?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly callId?: string;
}

export interface UserAgent {
  readonly host: string;
  readonly udpPort: number;
  readonly tcpPort: number;
  onInvite: ((call: IncomingCall) => void) | undefined;
  /** A request outside a dialog (OPTIONS, MESSAGE, …); returns the status to answer. Default 200 for OPTIONS, 405 otherwise. */
  onRequest: ((message: SipMessage) => number) | undefined;
  invite(options: OutgoingOptions): OutgoingCall;
  /** REGISTER, OPTIONS, MESSAGE …; resolves with the final response. Rejects with a `SipFailure` (408, 503) without one. */
  request(options: OutsideRequestOptions): Promise<SipMessage>;
  /** Dialogs that are not over; 0 when every call has ended. */
  readonly activeDialogs: number;
  /** Transactions that are not over; 0 some time after the last message (at most 64*T1, 32 s). */
  readonly activeTransactions: number;
  /** Sends BYE or CANCEL for what is open, closes sockets, ends timers. Resolves when nothing is left. */
  close(): Promise<void>;
}
