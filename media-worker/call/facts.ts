import type { Json } from '../../crds/callflow/node.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';

/** State of the A-leg, in Twilio's words, as `CallStatus` and `Call-Status` report it. */
export type CallStatus = 'ringing' | 'in-progress' | 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled';

/** User and host of a SIP URI; either is absent when the URI has none. */
export interface Party {
  readonly user?: string;
  readonly host?: string;
}

/** Result of the last recording, as later requests report it. */
export interface RecordingFacts {
  readonly url: string;
  readonly sid: string;
  readonly durationSeconds: number;
}

/** What is known about a call at one moment: the material of a webhook's parameters. Plain data. */
export interface CallFacts {
  /** SIP Call-ID of the A-leg: `Call-ID`, `CallSid`. */
  readonly callId: string;
  /** Of a leg that was called for another call: that call's. */
  readonly parentCallId?: string;
  /** Namespace: `Account-ID`, `AccountSid`. */
  readonly account: string;
  /** `namespace/name` of the callflow that answered. */
  readonly callflow: string;
  /** The number that was routed, after normalisation. */
  readonly number: string;
  readonly direction: 'inbound' | 'outbound';
  readonly status: CallStatus;
  readonly from: Party;
  readonly to: Party;
  /** Of the request URI. */
  readonly request: Party;
  /** Display name of From; empty when there is none (sent as `unknown`). */
  readonly callerIdName: string;
  /** Empty when withheld (sent as `anonymous`). */
  readonly callerIdNumber: string;
  /** User of `Diversion` or `History-Info`, when the call was forwarded here. */
  readonly forwardedFrom?: string;
  /** The calling device, when it has proven itself. */
  readonly device?: ResourceKey;
  /** Owners of the calling device; empty for callers from outside. */
  readonly userIds: readonly string[];
  /** Lower case, like `en-us`. */
  readonly language: string;
  readonly customApplicationVars: Readonly<Record<string, Json>>;
  /** `X-` headers of the INVITE and what actions added. */
  readonly customSipHeaders: Readonly<Record<string, string>>;
  /** DTMF collections by name (`collect_dtmf`). */
  readonly collections: Readonly<Record<string, string>>;
  /** Variables of `<Set>`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly recording?: RecordingFacts;
}
