import { fault, PivotError } from '../../crds/errors/fault.ts';
import { kubeCodes } from '../../crds/errors/kube.ts';
import { isRecord } from './objects.ts';

/** Why a request failed; each has a code of `crds/errors/kube.ts`. */
export type KubeErrorKind = keyof typeof kubeCodes;

/** Characters of a server's words that are repeated in a message. */
const MESSAGE_LIMIT = 1024;
/** Longest wait that a server may ask for by `Retry-After`. Milliseconds. */
const RETRY_AFTER_LIMIT_MS = 60_000;

export interface KubeErrorDetails {
  /** HTTP status, or the `code` of a Status object in a watch; 0 where there was no answer. */
  readonly status?: number;
  /** `reason` of the Status object: `AlreadyExists`, `Conflict`, `Expired`, … */
  readonly reason?: string;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A request to the API server that failed. Never holds a token or a request body. */
export class KubeError extends PivotError {
  readonly kind: KubeErrorKind;
  readonly status: number;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: KubeErrorKind, message: string, details: KubeErrorDetails = {}) {
    super(fault(kubeCodes[kind], message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'KubeError';
    this.kind = kind;
    this.status = details.status ?? 0;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }
}

export function isKubeError(error: unknown, ...kinds: readonly KubeErrorKind[]): error is KubeError {
  return error instanceof KubeError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** The error of an answer that is not 2xx. `what` says what was asked, like `GET /api/v1/pods`. */
export function errorOfAnswer(
  what: string,
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
): KubeError {
  const retryAfter = retryAfterMs(headers['retry-after']);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = undefined; // A proxy's page, or nothing: the HTTP status has to do.
  }
  return errorOfStatus(what, isRecord(parsed) ? parsed : {}, status, retryAfter);
}

/** The error of a Status object (`metav1.Status`): the body of a failed request, or the object of an ERROR event in a watch. */
export function errorOfStatus(
  what: string,
  object: Readonly<Record<string, unknown>>,
  httpStatus?: number,
  retryAfter?: number,
): KubeError {
  const isStatus = object['kind'] === 'Status';
  const status = httpStatus ?? (typeof object['code'] === 'number' ? object['code'] : 0);
  const reason = isStatus && typeof object['reason'] === 'string' ? object['reason'] : undefined;
  const details = isStatus && isRecord(object['details']) ? object['details'] : {};
  const seconds = details['retryAfterSeconds'];
  const wait = retryAfter ?? (typeof seconds === 'number' && seconds > 0 ? retryAfterMs(String(seconds)) : undefined);
  const words = isStatus && typeof object['message'] === 'string' ? object['message'] : 'no reason given';
  const text = `${what}: HTTP ${status}${reason === undefined ? '' : ` ${reason}`}: ${words.slice(0, MESSAGE_LIMIT)}`;
  return new KubeError(kindOf(status, reason, details), text, {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

function kindOf(status: number, reason: string | undefined, details: Readonly<Record<string, unknown>>): KubeErrorKind {
  // A version from the future, as after a restore of etcd: 504 with this cause (apimachinery `NewTooLargeResourceVersionError`).
  const causes = Array.isArray(details['causes']) ? details['causes'] : [];
  if (causes.some((cause) => isRecord(cause) && cause['reason'] === 'ResourceVersionTooLarge')) return 'expired';
  if (reason === 'Expired' || reason === 'Gone') return 'expired';
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      // "the server could not find the requested resource" carries no name; an object that is missing has one.
      return typeof details['name'] === 'string' && details['name'] !== '' ? 'notFound' : 'notServed';
    case 409:
      return reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict';
    case 410:
      return 'expired';
    case 429:
      return 'throttled';
    case 400:
    case 413:
    case 415:
    case 422:
      return 'invalid';
    default:
      return status >= 500 && status <= 599 ? 'serverError' : 'unexpected';
  }
}

/** `Retry-After` in seconds, as the API server sends it (API Priority and Fairness: 1), in milliseconds; dates are not used there. */
export function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || !/^\d{1,9}$/.test(text.trim())) return undefined;
  return Math.min(Number(text) * 1000, RETRY_AFTER_LIMIT_MS);
}

/** The error of a request that got no answer. An aborted signal's own reason is passed on as it is. */
export function errorOfThrown(what: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof KubeError) return error;
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: '' };
  return new KubeError('unreachable', `${what}: ${[code, message].filter(Boolean).join(' ') || String(error)}`, {
    cause: error,
  });
}
