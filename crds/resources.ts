import type { CallflowNode, JsonObject } from './callflow/node.ts';

export const GROUP = 'pivot.voice';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** What every resource has (Kubernetes `ObjectMeta`, the part that is read). */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly generation?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** RFC 3339. In a folder: the file's first sight, so that the older of two claims to a number can be told. */
  readonly creationTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

export type RequestHeader =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly secretKeyRef: SecretKeyRef } };

/** What makes an attempt worth repeating: no connection, no answer in time, an answer of 500 to 599. */
export type RetryOn = 'connect' | 'timeout' | '5xx';

/** `spec.pivot`: the settings of the pivot action. Field names are Pivot's own. */
export interface PivotSpec {
  readonly voice_url: string;
  readonly method?: 'get' | 'post';
  readonly req_format?: 'kazoo' | 'twiml';
  readonly req_body_format?: 'form' | 'json';
  /** Milliseconds for a whole exchange attempt; at most 5000. */
  readonly req_timeout_ms?: number;
  readonly retries?: { readonly attempts: number; readonly on?: readonly RetryOn[] };
  readonly fallback_url?: string;
  readonly cdr_url?: string;
  readonly debug?: boolean;
  readonly strict?: boolean;
  readonly custom_request_headers?: readonly RequestHeader[];
  /** Key of both signatures sent with each request (`X-Twilio-Signature` and `X-Pivot-Signature`). */
  readonly signing?: { readonly secretRef: SecretKeyRef };
  /** Method of `action` and `<Redirect>` where the verb names none; POST unless set. */
  readonly default_action_method?: 'get' | 'post';
  /** SIP code of `<Reject>` without `reason="busy"`; 603 unless set. */
  readonly reject_code?: number;
  readonly tls?: { readonly insecure_skip_verify?: boolean; readonly ca_secret_ref?: SecretKeyRef };
}

export interface PivotCallflowSpec {
  readonly numbers?: readonly string[];
  /** RE2 expressions. */
  readonly patterns?: readonly string[];
  readonly name?: string;
  readonly pivot?: PivotSpec;
  readonly failback?: CallflowNode;
  readonly flow?: CallflowNode;
}

export interface PivotCallflow {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'PivotCallflow';
  readonly metadata: ObjectMeta;
  readonly spec: PivotCallflowSpec;
}

/** A core `v1` Secret; values here are already decoded from base64. */
export interface Secret {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: ObjectMeta;
  readonly data: Readonly<Record<string, string>>;
}

export type Resource = PivotCallflow | Secret;

/** A resource with the place each of its parts was read from, so that faults can name file, line and column. */
export interface Located<R extends Resource = Resource> {
  readonly resource: R;
  readonly file?: string;
  /** Line and column (from 1) of the value at a JSON pointer into the document, or of its nearest parent. */
  readonly at?: (pointer: string) => { readonly line: number; readonly column: number } | undefined;
}

export type { JsonObject };
