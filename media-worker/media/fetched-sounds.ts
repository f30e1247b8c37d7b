import { type Fault, fault } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { Outgoing, OutgoingResponse } from '../outgoing/types.ts';
import type { FileCache, StoredSound } from './file-cache.ts';
import { conditions, freshnessOf } from './freshness.ts';
import { hashKey } from './hash-key.ts';
import type { SoundLimits } from './library.ts';
import type { SharedWork } from './shared-work.ts';
import { shownUrl } from './sound.ts';
import type { Threads } from './threads.ts';

export type Made =
  | { readonly ok: true; readonly sound: StoredSound; readonly cached: boolean; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly fault: Fault };

export interface SoundMaking {
  readonly cache: FileCache;
  readonly threads: Threads;
  readonly shared: SharedWork<Made>;
  readonly outgoing: Pick<Outgoing, 'request'>;
  readonly limits: SoundLimits;
  readonly now: () => number;
}

/** How exactly the time of a copy's last check is kept; it matters only for `staleMs`. */
const WRITE_EVERY_MS = 3_600_000;

/** Statuses after which an older copy may serve: the server's trouble, and not the sound's end. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** Fetches a wav or mp3 file, unless a copy may be used. */
export function fetchSound(making: SoundMaking, account: string, url: string, signal: AbortSignal): Promise<Made> {
  // Only the hash of the URL, which may hold credentials, is ever written.
  const key = hashKey('url', account, url);
  return making.shared.join(key, signal, (shared) => fetchOrUse(making, key, url, shared));
}

async function fetchOrUse(making: SoundMaking, key: string, url: string, signal: AbortSignal): Promise<Made> {
  const { cache, limits, now } = making;
  const copy = await cache.get(key);
  const http = copy?.http;
  if (copy !== undefined && http !== undefined && now() < http.freshUntil) return use(copy);

  const answer = await making.outgoing.request({
    method: 'GET',
    url,
    headers: {
      accept: 'audio/wav, audio/x-wav, audio/mpeg, audio/*;q=0.8, */*;q=0.1',
      'accept-encoding': 'identity',
      ...(http === undefined ? {} : conditions(http)),
    },
    timeoutMs: limits.fetchMs,
    maxBytes: limits.fetchBytes,
    signal,
  });
  const shown = shownUrl(url);
  if (!answer.ok) {
    const failure =
      answer.fault.code === webhookCodes.tooLarge.code
        ? fault(mediaCodes.tooLarge, `${shown} is larger than ${limits.fetchBytes} bytes`)
        : fault(mediaCodes.notFetched, `${shown}: ${answer.fault.code} ${answer.fault.message}`);
    return fallBack(making, copy, failure);
  }
  const { response } = answer;
  if (response.status === 304 && copy !== undefined) {
    const changed = freshnessOf({ ...validators(copy), ...response.headers }, now());
    // Where each use is checked, not each check is worth writing to the disk.
    const same = changed.freshUntil <= now() && changed.etag === http?.etag && changed.keep;
    if (same && now() - (http?.fetchedAt ?? 0) < WRITE_EVERY_MS) return use(copy);
    const { durationMs, warnings } = copy;
    const updated = await cache.describe(key, { durationMs, warnings, http: { ...changed, fetchedAt: now() } });
    return use(updated ?? copy);
  }
  if (response.status < 200 || response.status > 299) {
    const failure = fault(mediaCodes.notFetched, `${shown} answered ${response.status}`);
    if (response.status >= 500 || PASSING.has(response.status)) return fallBack(making, copy, failure);
    await cache.drop(key);
    return { ok: false, fault: failure };
  }
  return keep(making, key, shown, response, signal);
}

/** Converts and stores what came. */
async function keep(
  making: SoundMaking,
  key: string,
  shown: string,
  response: OutgoingResponse,
  signal: AbortSignal,
): Promise<Made> {
  const { cache, threads, limits, now } = making;
  const freshness = freshnessOf(response.headers, now());
  const converted = await threads.run(
    { kind: 'convert', bytes: response.body, speech: false, maxMs: limits.soundMs },
    { signal, timeoutMs: limits.convertMs, onTimeout: mediaCodes.notConverted },
  );
  if (!converted.ok) {
    const { fault: reason } = converted;
    return { ok: false, fault: { ...reason, message: `${shown}: ${reason.message}` } };
  }
  const details = {
    durationMs: converted.durationMs,
    warnings: converted.warnings.map((warning) => ({ ...warning, message: `${shown}: ${warning.message}` })),
    http: { ...freshness, fetchedAt: now() },
  };
  const sound = freshness.keep
    ? await cache.put(key, converted.wav, details)
    : await cache.once(converted.wav, details);
  if (!freshness.keep) await cache.drop(key);
  return { ok: true, sound, cached: false, warnings: sound.warnings };
}

function use(sound: StoredSound): Made {
  return { ok: true, sound, cached: true, warnings: sound.warnings };
}

/** The copy, if there is one that may stand in (RFC 9111 4.2.4), else the failure. */
function fallBack({ limits, now }: SoundMaking, copy: StoredSound | undefined, failure: Fault): Made {
  const http = copy?.http;
  if (copy === undefined || http === undefined || http.strict || now() - http.fetchedAt > limits.staleMs) {
    return { ok: false, fault: failure };
  }
  const warning = fault(mediaCodes.stale, `an older copy is played, since ${failure.message}`);
  return { ok: true, sound: copy, cached: true, warnings: [...copy.warnings, warning] };
}

/** The validators of a copy as headers, for a 304 that does not repeat them. */
function validators(copy: StoredSound): Record<string, string> {
  const { etag, lastModified } = copy.http ?? {};
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { 'last-modified': lastModified }),
  };
}
