import type { OutgoingRequest } from '../outgoing/types.ts';
import { parseTarget } from '../outgoing/url.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { Pair } from './encode.ts';
import type { PivotSettings } from './settings.ts';
import { PIVOT_SIGNATURE_HEADER, pivotSignature, TWILIO_SIGNATURE_HEADER, twilioSignature } from './signature.ts';

const ACCEPT = 'application/json, application/xml, text/xml';
export const IDEMPOTENCY_HEADER = 'x-pivot-idempotency-key';

type Site = Pick<PivotSettings, 'voiceUrl' | 'fallbackUrl' | 'cdrUrl' | 'headers' | 'tls' | 'signingKey'>;

function urlsOf(settings: Site): readonly string[] {
  return [settings.voiceUrl, settings.fallbackUrl, settings.cdrUrl].filter((url) => url !== undefined);
}

/**
 * Whether the resource's author named the host of `url`: custom headers and TLS exceptions hold for those hosts only, and never for
 * plain HTTP where HTTPS was written, so that a document cannot send a key elsewhere.
 */
function isConfiguredHost(url: string, settings: Site): boolean {
  const asked = URL.parse(url);
  return urlsOf(settings).some((known) => {
    const named = URL.parse(known);
    if (asked === null || named === null || asked.hostname !== named.hostname) return false;
    return asked.protocol === named.protocol || asked.protocol === 'https:';
  });
}

/** Credentials that the author wrote into a URL hold for every URL of the same origin that has none of its own. */
function credentialsFor(url: string, settings: Site): string | undefined {
  const asked = parseTarget(url);
  if (!asked.ok || asked.target.authorization !== undefined) return undefined;
  for (const known of urlsOf(settings)) {
    const named = parseTarget(known);
    if (!named.ok || named.target.origin !== asked.target.origin) continue;
    if (named.target.authorization !== undefined) return named.target.authorization;
  }
  return undefined;
}

/** Everything of a request to a web server that follows from the settings and not from its parameters. */
export function webhookHeaders(
  url: string,
  settings: Site,
  common: { readonly userAgent: string; readonly span: CallSpan; readonly contentType: string | undefined },
): Pick<OutgoingRequest, 'headers' | 'originHeaders' | 'tls'> {
  const configured = isConfiguredHost(url, settings);
  const credentials = configured ? credentialsFor(url, settings) : undefined;
  return {
    headers: {
      'user-agent': common.userAgent,
      accept: ACCEPT,
      // A span that records nothing has no trace to join.
      ...(/^0+$/.test(common.span.traceId) ? {} : { traceparent: common.span.traceparent }),
      ...(common.contentType === undefined ? {} : { 'content-type': common.contentType }),
    },
    ...(configured
      ? {
          originHeaders: {
            ...(credentials === undefined ? {} : { authorization: credentials }),
            ...Object.fromEntries(settings.headers.map(({ name, value }) => [name.toLowerCase(), value])),
          },
          tls: settings.tls,
        }
      : {}),
  };
}

/** Both signatures of each hop. `form`: what a form body holds, for Twilio's, which does not cover other bodies. */
export function signer(key: string, form: readonly Pair[], now: () => number): NonNullable<OutgoingRequest['sign']> {
  return ({ method, url, body }) => {
    const text = typeof body === 'string' ? body : '';
    return {
      [TWILIO_SIGNATURE_HEADER]: twilioSignature(key, url, body === undefined ? [] : form),
      [PIVOT_SIGNATURE_HEADER]: pivotSignature(key, Math.floor(now() / 1000), method, url, text),
    };
  };
}
