import { parseTarget } from '../outgoing/url.ts';
import type { PivotSettings } from './settings.ts';

/**
 * A pivot action in a web server's answer cannot name Secrets, so it could neither sign its requests nor carry secret headers. One that goes
 * on at the origin of an earlier action of the call (its `voice_url` or `fallback_url`) therefore keeps that action's signing key, headers
 * and TLS settings, where it has none of its own. Another origin gets nothing.
 */
export function inheritSettings(settings: PivotSettings, earlier: readonly PivotSettings[]): PivotSettings {
  const origin = originOf(settings.voiceUrl);
  const from = earlier.findLast(
    ({ voiceUrl, fallbackUrl }) =>
      origin !== undefined && [voiceUrl, fallbackUrl].some((url) => originOf(url) === origin),
  );
  if (from === undefined) return settings;
  const own = new Set(settings.headers.map(({ name }) => name.toLowerCase()));
  const signingKey = settings.signingKey ?? from.signingKey;
  return {
    ...settings,
    headers: [...settings.headers, ...from.headers.filter(({ name }) => !own.has(name.toLowerCase()))],
    ...(signingKey === undefined ? {} : { signingKey }),
    tls: Object.keys(settings.tls).length > 0 ? settings.tls : from.tls,
    secrets: [...settings.secrets, ...from.secrets],
  };
}

function originOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const parsed = parseTarget(url);
  return parsed.ok ? parsed.target.origin : undefined;
}
