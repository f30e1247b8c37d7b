import type { Readable } from 'node:stream';
import type { Fault } from '../../crds/errors/fault.ts';
import type { RetryOn } from '../../crds/resources.ts';
import type { TlsOptions } from './connection.ts';
import type { CookieJar } from './cookies.ts';
import type { AddressPolicyOptions } from './policy.ts';
import type { PoolStats } from './pool.ts';
import type { Method } from './redirect.ts';
import type { Resolution } from './resolver.ts';

/** One request as it goes out, at each hop of a chain of redirects. */
export interface Hop {
  readonly method: Method;
  /** As sent: no credentials, no fragment. */
  readonly url: string;
  /** Undefined where there is none, and for streams. */
  readonly body: string | Uint8Array | undefined;
}

export interface OutgoingRequest {
  readonly method: Method;
  /** Absolute http(s) URL; user and password in it become Basic authorization. */
  readonly url: string;
  /** Sent at every hop. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent only until a redirect leaves the first origin: authorization, custom headers. */
  readonly originHeaders?: Readonly<Record<string, string>>;
  /** Further headers made for each hop at the first origin: signatures. */
  readonly sign?: (hop: Hop) => Readonly<Record<string, string>>;
  /** A function gives a new stream for each hop; set Content-Length in `headers` where it is known. */
  readonly body?: string | Uint8Array | (() => Readable);
  /** Milliseconds for everything, from the name's resolution to the last byte after the last redirect. */
  readonly timeoutMs: number;
  /** Ends the request at once; `request` rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Bytes of the response's body, compressed and decompressed alike. Default 256 KiB. */
  readonly maxBytes?: number;
  readonly tls?: TlsOptions;
  readonly cookies?: CookieJar;
  /**
   * The request may be sent once more when a kept connection turns out to be closed before anything came back. Default: GET and HEAD
   * only. Set it where the receiver can tell a repetition (an idempotency key).
   */
  readonly replayable?: boolean;
}

export interface RedirectHop {
  readonly status: number;
  /** Where it came from and where it led, without credentials. */
  readonly from: string;
  readonly to: string;
}

/** Milliseconds; of the last hop except `totalMs`. Stages that a kept connection spares are absent. */
export interface Timings {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  /** From the request being handed to an open connection to the response's headers. */
  readonly firstByteMs?: number;
  readonly totalMs: number;
}

/** What is known of a request whether it succeeded or not. */
export interface Trail {
  /** The URL asked last, without credentials and fragment: the base of relative URLs in the response. */
  readonly url: string;
  readonly method: Method;
  readonly redirects: readonly RedirectHop[];
  readonly timings: Timings;
  readonly peer?: { readonly address: string; readonly port: number };
  /** A kept connection was used. */
  readonly reused: boolean;
  /** Headers of the last hop, lower-case names, as sent but for what the connection itself adds. Holds secrets. */
  readonly sent: Readonly<Record<string, string>>;
  /** What came of a response that cannot be used: too large, cut off, wrongly compressed. Its body is as it came on the wire. */
  readonly unusable?: OutgoingResponse;
}

export interface OutgoingResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Decompressed. */
  readonly body: Buffer;
  /** The body is only a part: possible where the status is an error, whose body is not needed. */
  readonly partial: boolean;
  /** Bytes of the body as it came. */
  readonly wireBytes: number;
}

export type OutgoingResult =
  | { readonly ok: true; readonly response: OutgoingResponse; readonly trail: Trail }
  | {
      readonly ok: false;
      readonly fault: Fault;
      /** Which settings of `retries.on` cover this failure; empty when a repetition is of no use. */
      readonly retryOn: readonly RetryOn[];
      readonly trail: Trail;
    };

/** Everything that leaves the process over HTTP goes through one of these. */
export interface Outgoing {
  /** Resolves whatever the network does; rejects only with the reason of `request.signal`. Any status is a success here. */
  request(request: OutgoingRequest): Promise<OutgoingResult>;
  /** What is allowed from now on; what is under way goes on. Throws a `RangeError` on a malformed entry, and then nothing changes. */
  setPolicy(policy: AddressPolicyOptions): void;
  /** The addresses of a host that the policy allows: for what is sent by other ways than HTTP. */
  resolve(hostname: string): Promise<Resolution>;
  readonly stats: PoolStats;
  /** Ends what is under way with PV-1247 and drops all connections. */
  close(): Promise<void>;
}
