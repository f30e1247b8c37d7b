import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';

/** What `Accept-Encoding` offers; exactly what `decodeBody` reads. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

/** Encodings on top of each other; more than two is an attack. */
const MAX_LAYERS = 2;

type Decoder = (body: Buffer, options: ZlibOptions) => Promise<Buffer>;

const decodeGzip: Decoder = promisify<Buffer, ZlibOptions, Buffer>(gunzip);
const decodeZlib: Decoder = promisify<Buffer, ZlibOptions, Buffer>(inflate);
const decodeRaw: Decoder = promisify<Buffer, ZlibOptions, Buffer>(inflateRaw);
const decodeBrotli: Decoder = (body, options) =>
  promisify<Buffer, { maxOutputLength?: number }, Buffer>(brotliDecompress)(
    body,
    options.maxOutputLength === undefined ? {} : { maxOutputLength: options.maxOutputLength },
  );

/** `deflate` is zlib's format (RFC 9110 8.4.1.2), but some servers send it raw; the zlib header tells (RFC 1950 2.2). */
const decodeDeflate: Decoder = (body, options) => {
  const zlib = body.length >= 2 && (body[0]! & 0x0f) === 8 && ((body[0]! << 8) | body[1]!) % 31 === 0;
  return (zlib ? decodeZlib : decodeRaw)(body, options);
};

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: decodeGzip,
  'x-gzip': decodeGzip,
  deflate: decodeDeflate,
  br: decodeBrotli,
};

export type Decoded = { readonly ok: true; readonly body: Buffer } | { readonly ok: false; readonly fault: Fault };

/** Undoes `Content-Encoding`. Never makes more than `maxBytes`, however little the body is. */
export async function decodeBody(body: Buffer, contentEncoding: string, maxBytes: number): Promise<Decoded> {
  const layers = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (layers.length === 0 || body.length === 0) return { ok: true, body };
  const unknown = layers.find((name) => !Object.hasOwn(DECODERS, name));
  if (unknown !== undefined || layers.length > MAX_LAYERS) {
    const message = `the response has the Content-Encoding "${contentEncoding.slice(0, 100)}"; send gzip, deflate, br or none`;
    return { ok: false, fault: fault(webhookCodes.unknownEncoding, message) };
  }
  let plain = body;
  for (const name of layers.reverse()) {
    try {
      plain = await DECODERS[name]!(plain, { maxOutputLength: maxBytes });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === 'ERR_BUFFER_TOO_LARGE') {
        const message = `the ${body.length} compressed bytes expand to more than the ${maxBytes} allowed`;
        return { ok: false, fault: fault(webhookCodes.bomb, message) };
      }
      return {
        ok: false,
        fault: fault(webhookCodes.badEncoding, `the body is not valid ${name} (${code || String(error)})`),
      };
    }
  }
  return { ok: true, body: plain };
}
