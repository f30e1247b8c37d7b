import { type CodeEntry, type Fault, fault, PivotError } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { RetryOn } from '../../crds/resources.ts';
import type { Stage } from './connection.ts';
import type { Target } from './url.ts';

export interface Failure {
  readonly fault: Fault;
  readonly retryOn: readonly RetryOn[];
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    // Several addresses were tried. One that refuses says more than one that does not answer.
    const codes = error.errors.map(codeOf);
    return codes.includes('ECONNREFUSED') ? 'ECONNREFUSED' : (codes[0] ?? '');
  }
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function where({ hostname, port }: Target): string {
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}

/** What an error of the connection or of undici means, told from how far the request had come. */
export function failureOf(error: unknown, stage: Stage, target: Target, sawHeaders: boolean): Failure {
  if (error instanceof PivotError) {
    return { fault: error.fault, retryOn: error.fault.code === webhookCodes.dns.code ? ['connect'] : [] };
  }
  const code = codeOf(error);
  const detail = code === '' ? String(error instanceof Error ? error.message : error) : code;
  const made = (entry: CodeEntry, message: string, retryOn: readonly RetryOn[] = []): Failure => ({
    fault: fault(entry, message),
    retryOn,
  });
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return made(webhookCodes.badRequest, `the request to ${where(target)} could not be built: ${String(error)}`);
  }
  switch (stage) {
    case 'resolving':
      return made(webhookCodes.dns, `${target.hostname} could not be resolved (${detail})`, ['connect']);
    case 'connecting':
      if (code === 'ECONNREFUSED')
        return made(webhookCodes.refused, `${where(target)} refused the connection`, ['connect']);
      if (code === 'ETIMEDOUT')
        return made(webhookCodes.connectTimeout, `${where(target)} does not answer`, ['connect', 'timeout']);
      return made(webhookCodes.unreachable, `no connection to ${where(target)} (${detail})`, ['connect']);
    case 'securing': {
      const message = error instanceof Error ? error.message : String(error);
      const passing = code === 'ECONNRESET' || code === 'EPIPE' || code === '';
      return made(
        webhookCodes.tls,
        `TLS with ${where(target)} failed: ${message}${code === '' ? '' : ` (${code})`}`,
        passing ? ['connect'] : [],
      );
    }
    case 'open':
      return whileOpen(code, detail, error, target, sawHeaders);
  }
}

function whileOpen(code: string, detail: string, error: unknown, target: Target, sawHeaders: boolean): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return {
      fault: fault(webhookCodes.headersTooLarge, `the response headers of ${where(target)} exceed the limit`),
      retryOn: [],
    };
  }
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || code === 'HPE_INVALID_EOF_STATE') {
    return {
      fault: fault(webhookCodes.truncated, `the response of ${where(target)} is incomplete (${detail})`),
      retryOn: [],
    };
  }
  if (code.startsWith('HPE_') || /not match the HTTP|bad (response|upgrade)/.test(message)) {
    return { fault: fault(webhookCodes.protocol, `${where(target)} does not answer in HTTP: ${message}`), retryOn: [] };
  }
  if (['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED'].includes(code)) {
    return sawHeaders
      ? {
          fault: fault(webhookCodes.truncated, `${where(target)} closed the connection in the middle of the response`),
          retryOn: [],
        }
      : {
          fault: fault(webhookCodes.lost, `${where(target)} closed the connection without a response`),
          retryOn: ['connect'],
        };
  }
  return {
    fault: fault(webhookCodes.internal, `the request to ${where(target)} failed: ${message} (${detail})`),
    retryOn: [],
  };
}

/** What running out of time means at each stage. `undefined` stage: no connection was free. */
export function timeoutFailure(
  stage: Stage | undefined,
  target: Target,
  timeoutMs: number,
  sawHeaders: boolean,
): Failure {
  const within = `within ${timeoutMs} ms`;
  switch (stage) {
    case undefined:
      return {
        fault: fault(webhookCodes.queue, `no connection to ${where(target)} was free ${within}`),
        retryOn: ['timeout'],
      };
    case 'resolving':
      return {
        fault: fault(webhookCodes.dns, `${target.hostname} was not resolved ${within}`),
        retryOn: ['connect', 'timeout'],
      };
    case 'connecting':
      return {
        fault: fault(webhookCodes.connectTimeout, `no connection to ${where(target)} ${within}`),
        retryOn: ['connect', 'timeout'],
      };
    case 'securing': {
      const message = `the TLS handshake with ${where(target)} did not end ${within}`;
      return { fault: fault(webhookCodes.connectTimeout, message), retryOn: ['connect', 'timeout'] };
    }
    case 'open': {
      const message = sawHeaders
        ? `${where(target)} began to answer but did not finish ${within}`
        : `${where(target)} did not answer ${within}`;
      return { fault: fault(webhookCodes.deadline, message), retryOn: ['timeout'] };
    }
  }
}
