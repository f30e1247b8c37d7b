import type { Json, JsonObject } from '../../crds/callflow/node.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { RetryOn } from '../../crds/resources.ts';
import type { SecretValues } from '../../crds/routing-table.ts';
import type { TlsOptions } from '../outgoing/connection.ts';
import { parseTarget, redactUrl } from '../outgoing/url.ts';
import { asObject, type Reference, referenceIn } from './secrets.ts';

export type WebhookMethod = 'GET' | 'POST';
export type WebhookFormat = 'kazoo' | 'twiml';
export type BodyFormat = 'form' | 'json';

/** The settings of one pivot action, ready for use: defaults filled in, Secrets replaced by their values. */
export interface PivotSettings {
  readonly voiceUrl: string;
  /** Of the first exchange; later ones use what the verb says. */
  readonly method: WebhookMethod;
  /** Names of the parameters sent. What may be answered does not depend on it. */
  readonly format: WebhookFormat;
  /** Encoding of POST bodies. */
  readonly bodyFormat: BodyFormat;
  /** Milliseconds for one attempt, redirects included. */
  readonly timeoutMs: number;
  /** `attempts`: how often a failed request is repeated at the same URL. */
  readonly retries: { readonly attempts: number; readonly on: readonly RetryOn[] };
  readonly fallbackUrl?: string;
  readonly cdrUrl?: string;
  readonly debug: boolean;
  readonly strict: boolean;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Key of both signatures; absent: nothing is signed. */
  readonly signingKey?: string;
  readonly defaultActionMethod: WebhookMethod;
  readonly rejectCode: number;
  readonly tls: TlsOptions;
  /** Values that came from Secrets: never in a trace or a log. */
  readonly secrets: readonly string[];
}

export type SettingsResult =
  | { readonly ok: true; readonly settings: PivotSettings; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly fault: Fault };

/** Milliseconds of one attempt where the settings name none, and the most they may name. */
const DEFAULT_TIMEOUT_MS = 5000;
/** Repetitions of one request; more would keep a caller waiting for longer than callers wait. */
const MAX_RETRIES = 5;
const ALL_RETRY_ON: readonly RetryOn[] = ['connect', 'timeout', '5xx'];
const DEFAULT_REJECT_CODE = 603;

/** Connection headers, and those that Pivot sets itself or that would falsify what it says. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'traceparent',
  'tracestate',
  'x-twilio-signature',
  'x-pivot-signature',
  'x-pivot-idempotency-key',
]);

/**
 * Reads the data of a pivot node. Lenient, because a call is waiting: what has a sensible default gets it, with a warning. Only a URL
 * that cannot be asked and a Secret that is missing are faults. `maxTimeoutMs` is the platform team's bound.
 */
export function readPivotSettings(
  data: JsonObject,
  secrets: SecretValues,
  options: { readonly maxTimeoutMs?: number } = {},
): SettingsResult {
  const reader = new Reader(data, secrets);
  const voiceUrl = reader.url('voice_url');
  const settings = {
    method: reader.method('method', 'GET'),
    format: reader.oneOf('req_format', ['kazoo', 'twiml'], 'kazoo'),
    bodyFormat: reader.oneOf('req_body_format', ['form', 'json'], 'form'),
    timeoutMs: reader.timeout(options.maxTimeoutMs ?? DEFAULT_TIMEOUT_MS),
    retries: reader.retries(),
    debug: reader.flag('debug'),
    strict: reader.flag('strict'),
    headers: reader.headers(),
    defaultActionMethod: reader.method('default_action_method', 'POST'),
    rejectCode: reader.rejectCode(),
    tls: reader.tls(),
  } as const;
  const fallbackUrl = reader.url('fallback_url');
  const cdrUrl = reader.url('cdr_url');
  const signingKey = reader.signingKey();
  if (voiceUrl === undefined) reader.refuse('voice_url is missing');
  if (reader.fault !== undefined) return { ok: false, fault: reader.fault };
  return {
    ok: true,
    settings: {
      ...settings,
      voiceUrl: voiceUrl!,
      ...(fallbackUrl === undefined ? {} : { fallbackUrl }),
      ...(cdrUrl === undefined ? {} : { cdrUrl }),
      ...(signingKey === undefined ? {} : { signingKey }),
      secrets: reader.used,
    },
    warnings: reader.warnings,
  };
}

class Reader {
  readonly #data: JsonObject;
  readonly #secrets: SecretValues;
  readonly warnings: Fault[] = [];
  readonly used: string[] = [];
  /** The first reason why the settings cannot be used. */
  fault: Fault | undefined;

  constructor(data: JsonObject, secrets: SecretValues) {
    this.#data = data;
    this.#secrets = secrets;
  }

  refuse(
    message: string,
    entry: (typeof webhookCodes)['badSetting' | 'secretMissing'] = webhookCodes.badSetting,
  ): undefined {
    this.fault ??= fault(entry, message);
    return undefined;
  }

  url(field: string): string | undefined {
    const value = this.#data[field];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') return this.refuse(`${field} must be text`);
    const parsed = parseTarget(value);
    return parsed.ok ? value : this.refuse(`${field}: ${parsed.fault.message}`);
  }

  oneOf<T extends string>(field: string, allowed: readonly T[], otherwise: T): T {
    const value = this.#data[field];
    if (value === undefined || value === null) return otherwise;
    const found = allowed.find((one) => typeof value === 'string' && one === value.toLowerCase());
    if (found !== undefined) return found;
    this.#ignored(field, value, allowed.join(' or '), otherwise);
    return otherwise;
  }

  method(field: string, otherwise: WebhookMethod): WebhookMethod {
    const word = this.oneOf(field, ['get', 'post'], otherwise === 'GET' ? 'get' : 'post');
    return word === 'get' ? 'GET' : 'POST';
  }

  /** The string `"true"` counts as well (spec pivot-behaviour 2.1). */
  flag(field: string): boolean {
    return this.#data[field] === true || this.#data[field] === 'true';
  }

  timeout(maximum: number): number {
    const milliseconds = numberOf(this.#data['req_timeout_ms']);
    const seconds = numberOf(this.#data['req_timeout']);
    let value = milliseconds;
    if (seconds !== undefined) {
      const used =
        milliseconds === undefined
          ? `taken as req_timeout_ms: ${Math.round(seconds * 1000)}`
          : 'ignored beside req_timeout_ms';
      this.warnings.push(fault(webhookCodes.timeoutLegacy, `req_timeout is an old spelling; it was ${used}`));
      value ??= Math.round(seconds * 1000);
    }
    if (value === undefined) return Math.min(DEFAULT_TIMEOUT_MS, maximum);
    const clamped = value > 0 ? Math.min(Math.ceil(value), maximum) : maximum;
    if (clamped !== value) {
      const message = `the time limit of ${value} ms is out of range; ${clamped} ms is used`;
      this.warnings.push(fault(webhookCodes.timeoutClamped, message));
    }
    return clamped;
  }

  retries(): PivotSettings['retries'] {
    const object = asObject(this.#data['retries']);
    if (object === undefined) return { attempts: 0, on: ALL_RETRY_ON };
    const attempts = Math.trunc(numberOf(object['attempts']) ?? 0);
    const list = object['on'];
    const on = Array.isArray(list) ? ALL_RETRY_ON.filter((kind) => list.includes(kind)) : ALL_RETRY_ON;
    return { attempts: Math.min(Math.max(attempts, 0), MAX_RETRIES), on };
  }

  rejectCode(): number {
    const value = this.#data['reject_code'];
    if (value === undefined || value === null) return DEFAULT_REJECT_CODE;
    const code = numberOf(value);
    if (code !== undefined && Number.isInteger(code) && code >= 400 && code <= 699) return code;
    this.#ignored('reject_code', value, 'a SIP status from 400 to 699', String(DEFAULT_REJECT_CODE));
    return DEFAULT_REJECT_CODE;
  }

  /** A list, or Kazoo 5's object of names to values. */
  headers(): PivotSettings['headers'] {
    const value = this.#data['custom_request_headers'];
    const found: { name: string; value: string }[] = [];
    const add = (name: Json | undefined, text: string | undefined): void => {
      if (typeof name !== 'string' || text === undefined) return;
      const problem = headerProblem(name, text);
      if (problem === undefined) found.push({ name, value: text });
      else
        this.warnings.push(
          fault(webhookCodes.headerIgnored, `the header "${name.slice(0, 64)}" is not sent: ${problem}`),
        );
    };
    if (Array.isArray(value)) {
      for (const entry of value) {
        const object = asObject(entry);
        if (object !== undefined) add(object['name'], this.#text(object['value']));
      }
    } else {
      for (const [name, text] of Object.entries(asObject(value) ?? {})) add(name, this.#text(text));
    }
    return found;
  }

  signingKey(): string | undefined {
    const signing = this.#data['signing'];
    return signing === undefined || signing === null ? undefined : this.#secret(referenceIn(signing), 'signing');
  }

  tls(): TlsOptions {
    const object = asObject(this.#data['tls']);
    if (object === undefined) return {};
    const insecure = object['insecure_skip_verify'] === true;
    if (insecure)
      this.warnings.push(
        fault(webhookCodes.insecure, 'tls.insecure_skip_verify is set: certificates are not verified'),
      );
    const reference = object['ca_secret_ref'];
    const ca = reference === undefined ? undefined : this.#secret(referenceIn(reference), 'tls.ca_secret_ref');
    return { ...(insecure ? { insecure } : {}), ...(ca === undefined ? {} : { ca }) };
  }

  #text(value: Json | undefined): string | undefined {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return this.#secret(referenceIn(value), 'custom_request_headers');
  }

  #secret(reference: Reference | undefined, field: string): string | undefined {
    if (reference === undefined) return this.refuse(`${field} does not name a Secret's key`);
    const { namespace, name, key } = reference;
    const value = this.#secrets.get(`${namespace}/${name}/${key}`);
    if (value === undefined) {
      return this.refuse(
        `${field} refers to key "${key}" of Secret ${namespace}/${name}, which is not there`,
        webhookCodes.secretMissing,
      );
    }
    if (field !== 'tls.ca_secret_ref') this.used.push(value);
    return value;
  }

  #ignored(field: string, value: Json, allowed: string, used: string): void {
    const shown = redactUrl(JSON.stringify(value)).slice(0, 64);
    this.warnings.push(
      fault(webhookCodes.settingIgnored, `${field} must be ${allowed}, not ${shown}; ${used} is used`),
    );
  }
}

function numberOf(value: Json | undefined): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value);
  return undefined;
}

/** RFC 9110 5.6.2 (token) and 5.5 (field values); values here are text, sent as UTF-8 where the characters are not Latin-1. */
function headerProblem(name: string, value: string): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return 'its name is not allowed in HTTP';
  if (RESERVED_HEADERS.has(name.toLowerCase())) return 'it belongs to the connection or to Pivot';
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return 'its value holds characters that HTTP headers cannot carry';
  return undefined;
}
