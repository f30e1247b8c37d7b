/** Parts of a media worker that `pivot up` and `pivot media-worker` make alike. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cliCodes } from '../crds/errors/cli.ts';
import { fault, PivotError } from '../crds/errors/fault.ts';
import { createSoundLibrary, type SoundLibrary, type SoundLibraryOptions } from '../media-worker/media/library.ts';
import { createOutgoing } from '../media-worker/outgoing/client.ts';
import type { AddressPolicyOptions } from '../media-worker/outgoing/policy.ts';
import type { Outgoing } from '../media-worker/outgoing/types.ts';
import { createRecordings, type Recordings, type RecordingsOptions } from '../media-worker/recordings/recordings.ts';
import { openS3, readS3Location } from '../media-worker/recordings/s3.ts';
import { REGISTRATION } from '../media-worker/registrar/locations.ts';
import { openFileStore } from '../media-worker/shared-store/file.ts';
import { createRedisStore } from '../media-worker/shared-store/redis.ts';
import type { SharedStore } from '../media-worker/shared-store/store.ts';
import type { HttpServer } from '../runtime/http-server.ts';
import type { Logger } from '../runtime/log.ts';
import type { HostPort } from './options.ts';

/** The cached sounds, in a folder that FreeSWITCH sees too; it is made where it is missing. */
export function createSounds(
  path: string,
  outgoing: Outgoing,
  resolveMedia: NonNullable<SoundLibraryOptions['resolveMedia']>,
): SoundLibrary {
  const folder = resolve(path);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PivotError(fault(cliCodes.badOption, `--data: ${folder} cannot be made: ${reason}`));
  }
  return createSoundLibrary({ folder, outgoing, resolveMedia });
}

export interface AddressOptions {
  readonly deny: readonly string[];
  readonly allow: readonly string[];
}

/** What options say beside what is decided elsewhere: both lists count, and `--deny private` goes before everything. */
export function addressPolicy({ deny, allow }: AddressOptions, others: AddressPolicyOptions): AddressPolicyOptions {
  return {
    ...others,
    allowPrivate: others.allowPrivate === true && !deny.includes('private'),
    allow: [...(others.allow ?? []), ...allow],
    deny: [...(others.deny ?? []), ...deny.filter((entry) => entry !== 'private')],
  };
}

/** The HTTP client for webhooks and sounds, with its address policy. */
export function createHttpClient(policy: AddressPolicyOptions): Outgoing {
  try {
    return createOutgoing({ policy });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PivotError(fault(cliCodes.badOption, `--deny or --allow: ${error.message}`));
  }
}

export interface RecordingOptions {
  readonly data: string;
  /** Default: `recordings` in `data`. */
  readonly recordings?: string;
  /** `s3://BUCKET/PREFIX`. */
  readonly recordingStore?: string;
  /** Default: the address of the HTTP server. */
  readonly publicUrl?: string;
}

/** The recordings, in a folder that FreeSWITCH sees too; it is made where it is missing. */
export async function openRecordings(
  { data, recordings, recordingStore, publicUrl }: RecordingOptions,
  http: HttpServer,
  shared: Omit<RecordingsOptions, 'folder' | 'publicUrl' | 'store'>,
): Promise<Recordings> {
  const location = recordingStore === undefined ? undefined : readS3Location(recordingStore);
  if (recordingStore !== undefined && location === undefined) {
    throw new PivotError(
      fault(cliCodes.badOption, `--recording-store: "${recordingStore}" is not s3://BUCKET or s3://BUCKET/PREFIX`),
    );
  }
  const url = (publicUrl ?? http.url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')).replace(
    /\/+$/,
    '',
  );
  return createRecordings({
    ...shared,
    folder: resolve(recordings ?? join(data, 'recordings')),
    publicUrl: () => url,
    ...(location === undefined ? {} : { store: await openS3(location) }),
  });
}

/** What outlives a process that is alone: where telephones have registered. */
const REGISTRATIONS_FILE = 'registrations.json';

export interface StoreOptions {
  readonly data: string;
  readonly redis?: string;
  readonly redisPrefix: string;
  readonly peerAddress?: HostPort;
}

/** The address of this worker for others, as they write it. */
export function peerAddressOf({ peerAddress }: StoreOptions): { peerAddress?: string } {
  if (peerAddress === undefined) return {};
  const { host, port } = peerAddress;
  return { peerAddress: `${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/** What workers know together: in Redis; of one that is alone in memory, registrations on disk too. */
export async function openStore({ data, redis, redisPrefix: prefix }: StoreOptions, log: Logger): Promise<SharedStore> {
  if (redis === undefined) {
    const path = resolve(data, REGISTRATIONS_FILE);
    return openFileStore({ path, keep: (key) => key.startsWith(REGISTRATION), log });
  }
  const protocol = URL.canParse(redis) ? new URL(redis).protocol : '';
  // What is wrong with it is not shown: it may hold a password.
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    throw new PivotError(fault(cliCodes.badOption, '--redis must be redis://HOST:PORT or rediss://HOST:PORT'));
  return createRedisStore({ url: redis, prefix, log });
}
