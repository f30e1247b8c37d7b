import type { OutgoingResponse, OutgoingResult } from '../outgoing/types.ts';
import { parseTarget, withoutQuery } from '../outgoing/url.ts';
import type { SpanAttributes } from '../telemetry/span.ts';
import { type Redactor, recordBody, recordHeaders, recordText } from './record.ts';

export interface ShownRequest {
  readonly method: 'GET' | 'POST';
  /** As it may be shown, but for what the redactor takes out. */
  readonly url: string;
  readonly body: string | undefined;
  readonly resend: number;
  readonly userAgent: string;
  readonly debug: boolean;
}

/** OpenTelemetry's HTTP semantic conventions for a client's request, and the body where `debug` is on. */
export function requestAttributes(request: ShownRequest, redactor: Redactor): SpanAttributes {
  const { url, body, resend } = request;
  const target = parseTarget(url);
  return {
    'http.request.method': request.method,
    'url.full': redactor.text(target.ok ? target.target.href : url),
    ...(target.ok ? { 'server.address': target.target.hostname, 'server.port': target.target.port } : {}),
    ...(resend > 0 ? { 'http.request.resend_count': resend } : {}),
    ...(body === undefined ? {} : { 'http.request.body.size': Buffer.byteLength(body) }),
    'user_agent.original': request.userAgent,
    ...(request.debug && body !== undefined ? recordText('pivot.webhook.request.body', body, redactor) : {}),
  };
}

/** What came of it: status, peer, redirects, stages in milliseconds, and headers and body where `debug` is on. */
export function resultAttributes(result: OutgoingResult, debug: boolean, redactor: Redactor): SpanAttributes {
  const { peer, redirects, timings, reused, sent, unusable } = result.trail;
  const response = result.ok ? result.response : unusable;
  return {
    ...(peer === undefined ? {} : { 'network.peer.address': peer.address, 'network.peer.port': peer.port }),
    ...(redirects.length === 0
      ? {}
      : {
          'pivot.webhook.redirects': redirects.map(
            ({ status, to }) => `${status} ${redactor.text(debug ? to : withoutQuery(to))}`,
          ),
        }),
    ...stage('dns', timings.dnsMs),
    ...stage('connect', timings.connectMs),
    ...stage('tls', timings.tlsMs),
    ...stage('first_byte', timings.firstByteMs),
    ...stage('total', timings.totalMs),
    'pivot.webhook.connection_reused': reused,
    ...(debug ? recordHeaders('pivot.webhook.request.headers', sent, redactor) : {}),
    ...(response === undefined ? {} : responseAttributes(response, debug, redactor)),
  };
}

function responseAttributes(response: OutgoingResponse, debug: boolean, redactor: Redactor): SpanAttributes {
  const always = {
    'http.response.status_code': response.status,
    'http.response.body.size': response.wireBytes,
  };
  if (!debug) return always;
  return {
    ...always,
    ...recordHeaders('pivot.webhook.response.headers', response.headers, redactor),
    ...recordBody('pivot.webhook.response.body', response.body, redactor),
    ...(response.partial ? { 'pivot.webhook.response.body.truncated': true } : {}),
  };
}

function stage(name: string, ms: number | undefined): SpanAttributes {
  return ms === undefined ? {} : { [`pivot.webhook.${name}_ms`]: Math.round(ms * 1000) / 1000 };
}
