import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Meter, Tracer } from '@opentelemetry/api';
import { type Fault, fault, faultOf, PivotError } from '../../crds/errors/fault.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import type { Logger } from '../../runtime/log.ts';
import { counter, observed } from '../../runtime/metrics/instruments.ts';
import { WORKER_METRICS } from '../../runtime/metrics/worker-metrics.ts';
import { PRODUCT_VERSION } from '../../runtime/version.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { readTraceparent } from '../telemetry/traceparent.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import { Deliveries } from './deliveries.ts';
import { Entries } from './entries.ts';
import {
  isSid,
  type RecordingAbout,
  type RecordingEntry,
  type RecordingFormat,
  type RecordingStatus,
} from './entry.ts';
import { openFolder } from './folder.ts';
import { findMp3Encoder } from './mp3.ts';
import { wholeSeconds } from './status-callback.ts';
import type { ByteRange, RecordingStore, StoredSound } from './store.ts';
import { CONTENT_TYPES, uploadUrl } from './upload.ts';
import { durationMs, repairWav, trimWav } from './wav-file.ts';

export interface RecordingsOptions {
  /** The folder, which FreeSWITCH sees under the same name. */
  readonly folder: string;
  /** What `RecordingUrl` begins with: `http://HOST:PORT`. */
  readonly publicUrl: () => string;
  readonly outgoing: Outgoing;
  /** Where recordings are kept for good; in the folder when absent. */
  readonly store?: RecordingStore;
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly log: Logger;
  /** How webhooks of a callflow (`namespace/name`) are signed, for what is still to be told after a restart. */
  readonly settingsOf: (callflow: string) => PivotSettings | undefined;
  /** Folders with programs, as in `PATH`. */
  readonly programs?: string;
  /** Replaceable for tests. */
  readonly firstPauseMs?: number;
  readonly mostWaiting?: number;
  readonly giveUpAfterMs?: number;
}

/** What a recording came to. */
export type Finished =
  | {
      readonly kind: 'recorded';
      readonly sid: string;
      readonly url: string;
      readonly durationMs: number;
      readonly durationSeconds: number;
    }
  /** Nothing was recorded, or nothing that counts; nothing of it is left. */
  | { readonly kind: 'absent'; readonly fault?: Fault };

/** A recording that has been announced, into whose file FreeSWITCH may write. Ends with `finish`; else the next start of the worker finds it. */
export interface OpenRecording {
  readonly sid: string;
  /** The wav file to be written. */
  readonly path: string;
  /** `RecordingUrl`. */
  readonly url: string;
  readonly warnings: readonly Fault[];
  /** FreeSWITCH has closed the file, or will not write any more. `absent`: whatever is in it does not count. Never rejects. */
  finish(how?: { readonly absent?: boolean }): Promise<Finished>;
}

/** A sound that somebody asks for by its URL. */
export type Fetched =
  | {
      readonly kind: 'found';
      readonly contentType: string;
      readonly size: number;
      open(range: ByteRange | undefined): Promise<StoredSound | undefined>;
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly fault: Fault };

/** The recordings of a worker: made, kept, delivered. */
export interface Recordings {
  /** `settings`: those of the pivot action that asked for it. Rejects with PV-1901 or PV-1909. */
  open(about: RecordingAbout, settings?: PivotSettings): Promise<OpenRecording>;
  /** For `GET /recordings/ACCOUNT/SID`. */
  fetch(account: string, sid: string, format: RecordingFormat, signal: AbortSignal): Promise<Fetched>;
  /**
   * Completes what an earlier worker has left behind, and goes on delivering it; to be called when `settingsOf` can tell. Once; further calls do
   * nothing.
   */
  resume(): void;
  /** Recordings about which something has still to be sent. */
  readonly waiting: number;
  /** Resolves when nothing is left to be sent. */
  settled(): Promise<void>;
  /** Ends deliveries; what is left is sent after the next start. */
  close(): Promise<void>;
}

/** More would fill the disk while a receiver is away. */
const MOST_WAITING = 10_000;
const USER_AGENT = `Pivot/${PRODUCT_VERSION}`;
/** FreeSWITCH closes a file a moment after it has said that it is done. */
const FILE_CHECKS = 20;
const FILE_CHECK_MS = 50;

/** Opens the folder. Throws PV-1901. */
export async function createRecordings(options: RecordingsOptions): Promise<Recordings> {
  const { outgoing, store, tracer, meter, log, publicUrl, mostWaiting = MOST_WAITING } = options;
  const folder = openFolder(options.folder);
  const encoder = await findMp3Encoder(options.programs ?? process.env['PATH'] ?? '');
  const entries = new Entries(folder);
  const settings = new Map<string, PivotSettings>();
  const delivered = counter(meter, WORKER_METRICS.recordingDeliveries);
  // There from the start, so that Prometheus sees the first one as an increase.
  for (const what of ['upload', 'callback']) delivered(0, { what, result: 'given up' });
  const deliveries = new Deliveries({
    ...options,
    folder,
    entries,
    outgoing,
    store,
    encoder,
    tracer,
    log,
    userAgent: USER_AGENT,
    settingsOf: (entry) => settings.get(entry.sid) ?? options.settingsOf(entry.callflow),
    onDelivered: (what, result) => delivered(1, { what, result }),
  });
  observed(meter, WORKER_METRICS.recordingsWaiting, (observe) => observe(deliveries.waiting));

  /** The entry of a file that is complete, with what is to be done now. */
  async function complete(entry: RecordingEntry, absent: boolean): Promise<Finished> {
    const { sid } = entry;
    const path = folder.soundOf(sid);
    const gone = async (status: RecordingStatus | undefined, reason?: Fault): Promise<Finished> => {
      await folder.removeSound(sid);
      await entries.change(sid, (now) => {
        const { destination: _, ...rest } = now;
        return { ...rest, state: 'done', keptHere: false, toTell: told(now, status) };
      });
      deliveries.attend(sid);
      return { kind: 'absent', ...(reason === undefined ? {} : { fault: reason }) };
    };
    if (absent) return gone('absent');
    let shape = await repairWav(path).catch(() => undefined);
    if (shape === undefined || shape.bytes === 0)
      return gone('absent', fault(recordingCodes.notRecorded, `${path} holds no sound`));
    if (entry.trim) shape = await trimWav(path, shape);
    const ms = Math.round(durationMs(shape));
    if (ms < entry.minSeconds * 1000) return gone(undefined);
    await entries.change(sid, (now) => ({ ...now, state: 'done', durationMs: ms, toTell: told(now, 'completed') }));
    deliveries.attend(sid);
    return { kind: 'recorded', sid, url: entry.url, durationMs: ms, durationSeconds: wholeSeconds(ms) };
  }

  async function resume(): Promise<void> {
    const { entries: found, unreadable } = await folder.all();
    for (const name of unreadable)
      log.error({ code: recordingCodes.badEntry.code, file: name }, recordingCodes.badEntry.title);
    for (const entry of found) {
      if (mine?.has(entry.sid) === true) continue;
      const pending = entry.toTell.length > 0 || (entry.destination !== undefined && entry.uploadGivenUp !== true);
      if (entry.state === 'done' && !pending) continue;
      entries.found(entry);
      if (entry.state === 'done') {
        deliveries.attend(entry.sid);
        continue;
      }
      const about = {
        code: recordingCodes.repaired.code,
        recording: entry.sid,
        call_id: entry.callId,
        trace_id: readTraceparent(entry.traceparent)?.traceId,
      };
      const finished = await complete(entry, false);
      log.warn(
        about,
        finished.kind === 'recorded' ? recordingCodes.repaired.title : 'an unfinished recording was empty',
      );
    }
  }
  /** Recordings of this run are none of its business. */
  let mine: Set<string> | undefined = new Set();
  let resumed = false;

  return {
    async open(about, own) {
      if (entries.size >= mostWaiting) {
        const message = `${entries.size} recordings are going on or wait for their delivery`;
        throw new PivotError(fault(recordingCodes.tooMany, message));
      }
      const { upload, callback, minSeconds = 0 } = about;
      const sid = `RE${randomBytes(16).toString('hex')}`;
      const format: RecordingFormat = about.format === 'mp3' && encoder !== undefined ? 'mp3' : 'wav';
      const target = upload && uploadUrl(upload.url, { sid, callId: about.callId, format }, upload.naming);
      const entry: RecordingEntry = {
        version: 1,
        sid,
        account: about.account,
        callId: about.callId,
        callflow: about.callflow,
        source: about.source,
        channels: about.channels,
        trim: about.trim,
        minSeconds,
        traceparent: about.traceparent,
        startedAt: Date.now(),
        state: 'recording',
        url:
          target === undefined
            ? `${publicUrl()}/recordings/${encodeURIComponent(about.account)}/${sid}`
            : withoutUser(target),
        format,
        keptHere: upload === undefined && store === undefined,
        ...(upload !== undefined && target !== undefined
          ? { destination: { kind: 'http', method: upload.method, url: target } }
          : store === undefined
            ? {}
            : { destination: { kind: 'store', key: keyOf(about.account, sid, format) } }),
        ...(callback === undefined ? {} : { callback }),
        toTell: callback?.events.includes('in-progress') === true ? ['in-progress'] : [],
        failures: 0,
      };
      mine?.add(sid);
      await entries.add(entry);
      if (own !== undefined) settings.set(sid, own);
      deliveries.attend(sid);
      const path = folder.soundOf(sid);
      return {
        sid,
        path,
        url: entry.url,
        warnings:
          about.format === format
            ? []
            : [
                fault(
                  recordingCodes.noEncoder,
                  'mp3 was asked for; wav is delivered, since neither lame nor ffmpeg is installed',
                ),
              ],
        async finish({ absent = false } = {}) {
          try {
            if (!absent) await fileThere(path);
            return await complete(entry, absent);
          } catch (error) {
            const reason = faultOf(error, recordingCodes.folderUnusable);
            const traceId = readTraceparent(entry.traceparent)?.traceId;
            log.error({ code: reason.code, recording: sid, call_id: about.callId, trace_id: traceId }, reason.message);
            return { kind: 'absent', fault: reason };
          } finally {
            // Deliveries of this run keep what they were begun with.
            void deliveries.settledFor(sid).finally(() => settings.delete(sid));
          }
        },
      };
    },
    async fetch(account, sid, format, signal) {
      if (!isSid(sid)) return { kind: 'missing' };
      const here = entries.get(sid) ?? (await folder.read(sid));
      if (here !== undefined && (here.account !== account || here.state !== 'done')) return { kind: 'missing' };
      const contentType = CONTENT_TYPES[format];
      if (here !== undefined && here.durationMs !== undefined) {
        const wav = folder.soundOf(sid);
        const path = format === 'wav' ? wav : folder.mp3Of(sid);
        if (format === 'mp3' && !(await exists(path))) {
          if (encoder === undefined)
            return {
              kind: 'refused',
              fault: fault(recordingCodes.noEncoder, 'neither lame nor ffmpeg is installed; ask for wav'),
            };
          await encoder.encode(wav, path, signal);
        }
        const size = await stat(path).then(
          (file) => file.size,
          () => undefined,
        );
        if (size !== undefined) {
          const open = async (range: ByteRange | undefined): Promise<StoredSound> => ({
            size,
            stream: createReadStream(path, range === undefined ? {} : { start: range.from, end: range.to }),
          });
          return { kind: 'found', contentType, size, open };
        }
      }
      if (store === undefined) return { kind: 'missing' };
      const key = keyOf(account, sid, format);
      const size = await store.size(key, signal);
      if (size === undefined) return { kind: 'missing' };
      return { kind: 'found', contentType, size, open: (range) => store.get(key, range, signal) };
    },
    resume() {
      if (resumed) return;
      resumed = true;
      resume()
        .catch((error: unknown) => {
          const reason = faultOf(error, recordingCodes.folderUnusable);
          log.error({ code: reason.code }, reason.message);
        })
        .finally(() => {
          mine = undefined;
        });
    },
    get waiting() {
      return deliveries.waiting;
    },
    settled: () => deliveries.settled(),
    async close() {
      await deliveries.close();
      store?.close();
    },
  };
}

/** What is still to be told when the recording has ended so. */
function told(entry: RecordingEntry, status: RecordingStatus | undefined): readonly RecordingStatus[] {
  const wanted = status !== undefined && entry.callback?.events.includes(status) === true;
  return [...entry.toTell, ...(wanted ? [status] : [])];
}

function keyOf(account: string, sid: string, format: RecordingFormat): string {
  return `${account}/${sid}.${format}`;
}

function withoutUser(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

async function fileThere(path: string): Promise<void> {
  for (let check = 0; check < FILE_CHECKS; check += 1) {
    if (await exists(path)) return;
    await delay(FILE_CHECK_MS);
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
