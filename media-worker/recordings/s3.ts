import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3ClientConfig } from '@aws-sdk/client-s3';
import type { ByteRange, RecordingStore } from './store.ts';

export interface S3Location {
  readonly bucket: string;
  /** Without slashes at its ends; empty for none. */
  readonly prefix: string;
}

/** `s3://BUCKET` or `s3://BUCKET/PREFIX`; undefined when it is neither. */
export function readS3Location(text: string): S3Location | undefined {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]*))?$/.exec(text);
  if (match === null) return undefined;
  return { bucket: match[1]!, prefix: (match[2] ?? '').replace(/^\/+|\/+$/g, '') };
}

const REQUEST_TIMEOUT_MS = 10 * 60_000;
const CONNECT_TIMEOUT_MS = 5000;

/**
 * A bucket of S3 or of anything that speaks like it. Address, region and credentials are AWS's own variables (`AWS_ENDPOINT_URL_S3`,
 * `AWS_REGION`, `AWS_ACCESS_KEY_ID`, web identity tokens, …), read by AWS's own client. With an address of one's own the bucket stands in
 * the path, which every such server understands. The client is loaded only where a bucket is configured: it is large.
 */
export async function openS3(location: S3Location, config: S3ClientConfig = {}): Promise<RecordingStore> {
  const { GetObjectCommand, HeadObjectCommand, NotFound, NoSuchKey, PutObjectCommand, S3Client } = await import(
    '@aws-sdk/client-s3'
  );
  const ownEndpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  const client = new S3Client({
    forcePathStyle: ownEndpoint !== undefined || config.endpoint !== undefined,
    // Repetitions are the delivery queue's business, which keeps count of them across restarts.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    ...config,
  });
  const { bucket: Bucket, prefix } = location;
  const keyOf = (key: string): string => (prefix === '' ? key : `${prefix}/${key}`);
  const absent = (error: unknown): boolean => error instanceof NotFound || error instanceof NoSuchKey;
  return {
    name: `s3://${Bucket}${prefix === '' ? '' : `/${prefix}`}`,
    async put(key, file, contentType, abortSignal) {
      const { size } = await stat(file);
      const Body = createReadStream(file);
      try {
        const object = { Bucket, Key: keyOf(key), Body, ContentLength: size, ContentType: contentType };
        await client.send(new PutObjectCommand(object), { abortSignal });
      } finally {
        Body.destroy();
      }
    },
    async size(key, abortSignal) {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket, Key: keyOf(key) }), { abortSignal });
        return head.ContentLength;
      } catch (error) {
        if (absent(error)) return undefined;
        throw error;
      }
    },
    async get(key, range, abortSignal) {
      const Range = range === undefined ? undefined : `bytes=${range.from}-${range.to}`;
      try {
        const found = await client.send(
          new GetObjectCommand({ Bucket, Key: keyOf(key), ...(Range === undefined ? {} : { Range }) }),
          { abortSignal },
        );
        return { size: wholeSize(found, range), stream: found.Body as Readable };
      } catch (error) {
        if (absent(error)) return undefined;
        throw error;
      }
    },
    close: () => client.destroy(),
  };
}

function wholeSize({ ContentRange, ContentLength }: GetObjectCommandOutput, range: ByteRange | undefined): number {
  const whole = range === undefined ? undefined : /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
  return whole === undefined ? (ContentLength ?? 0) : Number(whole);
}
