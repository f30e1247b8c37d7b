import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { redactUrl } from '../outgoing/url.ts';
import type { CallSpan } from '../telemetry/span.ts';
import { IDEMPOTENCY_HEADER, webhookHeaders } from '../webhook/headers.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { Destination, RecordingEntry, RecordingFormat, UploadNaming } from './entry.ts';
import type { RecordingFolder } from './folder.ts';
import type { Mp3Encoder } from './mp3.ts';
import { type Delivered, worthRepeating } from './status-callback.ts';
import type { RecordingStore } from './store.ts';

export const CONTENT_TYPES: Readonly<Record<RecordingFormat, string>> = { wav: 'audio/wav', mp3: 'audio/mpeg' };
const TIMEOUT_MS = 10 * 60_000;

/** Where a recording is uploaded: `URL/SID.EXT`, or Kazoo's way (spec callflow-modules D.5, with one dot before the extension). */
export function uploadUrl(
  base: string,
  entry: { sid: string; callId: string; format: RecordingFormat },
  naming: UploadNaming,
): string {
  const extension = entry.format;
  if (naming.kind === 'sid') {
    const url = new URL(base);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/${entry.sid}.${extension}`;
    return url.href;
  }
  const name = encodeURIComponent(`call_recording_${entry.callId}.${extension}`);
  const query = new URLSearchParams([
    ...naming.pairs.map(([key, value]): [string, string] => [key, value]),
    ['recording_id', entry.sid],
  ]);
  const mark = base.indexOf('?');
  if (mark === -1) return `${base.replace(/\/+$/, '')}/${name}?${query}`;
  const last =
    base
      .slice(mark + 1)
      .split('&')
      .at(-1) ?? '';
  const glued = last.endsWith('=') ? name : last.includes('=') ? `&recording=${name}` : `=${name}`;
  return `${base}${glued}&${query}`;
}

export interface UploadDeps {
  readonly folder: RecordingFolder;
  readonly outgoing: Outgoing;
  readonly store: RecordingStore | undefined;
  readonly encoder: Mp3Encoder | undefined;
  readonly settings: PivotSettings | undefined;
  readonly span: CallSpan;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/** Sends a recording's sound to its destination, once. Rejects only with the signal's reason. */
export async function upload(entry: RecordingEntry, destination: Destination, deps: UploadDeps): Promise<Delivered> {
  const { signal } = deps;
  try {
    const file = await fileToSend(entry, deps);
    return destination.kind === 'http'
      ? await overHttp(entry, destination, file, deps)
      : await toStore(entry, destination.key, file, deps);
  } catch (error) {
    signal.throwIfAborted();
    const reason = error as { name?: string; message?: string };
    const message = `${entry.sid}: ${reason.name === 'Error' ? '' : `${reason.name ?? ''} `}${faultOf(error, recordingCodes.uploadFailed).message}`;
    return { ok: false, fault: fault(recordingCodes.uploadFailed, message), again: true };
  }
}

async function fileToSend(entry: RecordingEntry, { folder, encoder, signal }: UploadDeps): Promise<string> {
  const wav = folder.soundOf(entry.sid);
  if (entry.format === 'wav' || encoder === undefined) return wav;
  const mp3 = folder.mp3Of(entry.sid);
  await access(mp3).catch(() => encoder.encode(wav, mp3, signal));
  return mp3;
}

async function toStore(
  entry: RecordingEntry,
  key: string,
  file: string,
  { store, signal, span }: UploadDeps,
): Promise<Delivered> {
  if (store === undefined) return { ok: false, fault: refused(entry, 'no store is configured any more'), again: true };
  span.set({ 'pivot.recording.to': store.name });
  await store.put(key, file, CONTENT_TYPES[entry.format], signal);
  return { ok: true };
}

async function overHttp(
  entry: RecordingEntry,
  destination: Extract<Destination, { kind: 'http' }>,
  file: string,
  { outgoing, settings, span, userAgent, signal }: UploadDeps,
): Promise<Delivered> {
  const { size } = await stat(file);
  const shown = redactUrl(destination.url);
  span.set({ 'pivot.recording.to': shown, 'pivot.recording.size': size });
  const contentType = CONTENT_TYPES[entry.format];
  const site = settings ?? { voiceUrl: '', headers: [], tls: {} };
  const common = webhookHeaders(destination.url, site, { userAgent, span, contentType });
  const result = await outgoing.request({
    ...common,
    headers: { ...common.headers, 'content-length': String(size), [IDEMPOTENCY_HEADER]: entry.sid },
    method: destination.method,
    url: destination.url,
    body: () => createReadStream(file),
    timeoutMs: TIMEOUT_MS,
    signal,
    replayable: true,
  });
  if (!result.ok) {
    return { ok: false, fault: refused(entry, `${result.fault.code} ${result.fault.message}`), again: true };
  }
  const { status } = result.response;
  span.set({ 'http.response.status_code': status });
  if (status >= 200 && status <= 299) return { ok: true };
  return { ok: false, fault: refused(entry, `${shown} answered ${status}`), again: worthRepeating(status) };
}

function refused(entry: RecordingEntry, why: string): Fault {
  return fault(recordingCodes.uploadFailed, `${entry.sid} of call ${entry.callId}: ${why}`);
}
