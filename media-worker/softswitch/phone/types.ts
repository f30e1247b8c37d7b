import type { EventEmitter } from 'node:events';
import type { Codec } from '../rtp/sdp.ts';
import type { AudioSource, ReceivedDigit, RtpSession } from '../rtp/types.ts';
import type { Dialog, ExtraHeaders, SipMessage } from '../sip/types.ts';
import type { Ear } from './ear.ts';

export interface CallOptions {
  /** User part of the request URI. */
  readonly number: string;
  /** Where to call, `HOST:PORT`; the request URI is `sip:NUMBER@HOST:PORT`. */
  readonly sip: string;
  /** Host of the request URI and of From when it is not that of `sip`: the realm of an account, `acme.example`. */
  readonly host?: string;
  /** The whole request URI, instead of one made of `number`, `host` and `sip`. The INVITE goes to `sip` all the same. */
  readonly uri?: string;
  /** Default udp. */
  readonly transport?: 'udp' | 'tcp';
  /** Number or whole URI for From. Default `pivot-phone`. */
  readonly from?: string;
  readonly fromName?: string;
  readonly headers?: ExtraHeaders;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly callId?: string;
  /** Codecs to offer, the preferred first. Default PCMU, PCMA. */
  readonly codecs?: readonly Codec[];
  /** wav file to write what is heard into. */
  readonly record?: string;
  /** What to say once there is media; silence without. The call closes it. */
  readonly source?: AudioSource;
  /** Aborting it hangs up. */
  readonly signal?: AbortSignal;
}

/** How a call ended. */
export interface CallEnd {
  /** `rejected`: it was never answered. */
  readonly by: 'local' | 'remote' | 'timeout' | 'rejected';
  /** Final status and reason phrase of an INVITE that was not answered. */
  readonly status?: number;
  readonly reason?: string;
  /** Reason header (RFC 3326) of the BYE or of the rejection. */
  readonly reasonHeader?: string;
  /** The far end's BYE, or its final response. */
  readonly message?: SipMessage;
}

export interface PhoneCallEvents {
  /** 18x, with or without early media. */
  readonly provisional: [message: SipMessage];
  readonly answered: [message: SipMessage];
  readonly rejected: [status: number, reason: string, message: SipMessage | undefined];
  /** A digit came from the far end. */
  readonly digit: [digit: ReceivedDigit];
  /** Sound began, or fell silent for 200 ms; at that time of heard sound. */
  readonly sound: [sounding: boolean, heardMs: number];
  /** Always the last, once. */
  readonly ended: [end: CallEnd];
}

export interface PhoneCall {
  readonly callId: string;
  readonly state: 'calling' | 'answered' | 'ended';
  readonly events: EventEmitter<PhoneCallEvents>;
  /** Resolves with the 200; rejects with PV-1740 when the call is not answered. Nobody has to look at it. */
  readonly answered: Promise<SipMessage>;
  /** Resolves when everything is over: dialog, sockets, recording. Never rejects. */
  readonly ended: Promise<CallEnd>;
  /** Provisional and final responses so far. */
  readonly responses: readonly SipMessage[];
  /** A header of the newest response that has it, such as `X-Pivot-Trace` or `Call-Info`. */
  header(name: string): string | undefined;
  readonly ear: Ear;
  readonly rtp: RtpSession;
  /** Once answered. */
  readonly dialog: Dialog | undefined;
  /**
   * Sends digits (`w` and `W` pause for half a second and one): by RFC 4733 where the far end takes it, else by INFO. `durationMs` is
   * that of each digit, default 100. Resolves when the last is sent.
   */
  press(digits: string, options?: { readonly by?: 'rtp' | 'info'; readonly durationMs?: number }): Promise<void>;
  /** Says something else from now on; the call closes it. Resolves when it is over, or replaced, or the call is. */
  play(source: AudioSource): Promise<void>;
  /** BYE, or CANCEL before the answer. Resolves when the call is over. */
  hangup(headers?: ExtraHeaders): Promise<CallEnd>;
}
