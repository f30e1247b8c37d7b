/** The thread that decodes mp3 files, so that sending sound never waits for it. Started by `mp3-decoder.ts`. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { MPEGDecoder } from 'mpg123-decoder';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../rtp/types.ts';
import type { FromDecoder, ToDecoder } from './mp3-messages.ts';
import { ResamplingSource } from './resample.ts';
import type { SampleStream } from './samples.ts';

/** Compressed bytes decoded at once: about a second at 128 kbit/s. */
const READ_BYTES = 16 * 1024;
/** Sound sent in the first answer, which somebody waits for, and in the later ones, in samples: 1 s and 5 s. */
const FIRST_SAMPLES = SAMPLE_RATE;
const LATER_SAMPLES = 5 * SAMPLE_RATE;

/** The decoded samples of one file, at the file's rate. */
class Mp3Stream implements SampleStream {
  rate = 0;
  readonly #file: number;
  readonly #decoder = new MPEGDecoder();
  readonly #input = new Uint8Array(READ_BYTES);
  #output: readonly Float32Array[] = [];
  #length = 0;
  #position = 0;
  #ended = false;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** Decodes up to the first samples; false when there are none in the whole file. */
  async begin(): Promise<boolean> {
    await this.#decoder.ready;
    return this.#decode();
  }

  pull(into: Float32Array, offset: number, count: number): number {
    if (this.#position >= this.#length && !this.#decode()) return 0;
    const [left, right] = this.#output;
    const part = Math.min(count, this.#length - this.#position);
    for (let i = 0; i < part; i++) {
      const at = this.#position + i;
      into[offset + i] = (left![at]! + (right ?? left)![at]!) * 16384;
    }
    this.#position += part;
    return part;
  }

  close(): void {
    closeSync(this.#file);
    this.#decoder.free();
  }

  #decode(): boolean {
    while (!this.#ended) {
      const bytes = readSync(this.#file, this.#input, 0, READ_BYTES, null);
      if (bytes === 0) this.#ended = true;
      else {
        const { channelData, samplesDecoded, sampleRate } = this.#decoder.decode(this.#input.subarray(0, bytes));
        if (samplesDecoded === 0) continue;
        // A file whose rate changes halfway is damaged; it ends there.
        if (this.rate !== 0 && sampleRate !== this.rate) break;
        this.rate = sampleRate;
        this.#output = channelData;
        this.#length = samplesDecoded;
        this.#position = 0;
        return true;
      }
    }
    this.#ended = true;
    this.#length = 0;
    return false;
  }
}

interface OpenFile {
  readonly stream: Mp3Stream;
  readonly source: ResamplingSource;
  chunk: number;
}

const port = parentPort;
if (port !== null) {
  const files = new Map<number, OpenFile>();
  const send = (message: FromDecoder): void => {
    port.postMessage(message, message.kind === 'sound' ? [message.samples.buffer as ArrayBuffer] : []);
  };
  port.on('message', (message: ToDecoder) => {
    void serve(files, send, message).catch((error: unknown) => {
      files.delete(message.id);
      send({ kind: 'failed', id: message.id, message: error instanceof Error ? error.message : String(error) });
    });
  });
}

async function serve(
  files: Map<number, OpenFile>,
  send: (message: FromDecoder) => void,
  message: ToDecoder,
): Promise<void> {
  switch (message.kind) {
    case 'open': {
      const stream = new Mp3Stream(message.path);
      if (!(await stream.begin())) {
        stream.close();
        send({ kind: 'failed', id: message.id, message: 'there is no sound in it' });
        return;
      }
      const file: OpenFile = { stream, source: new ResamplingSource(stream), chunk: FIRST_SAMPLES };
      files.set(message.id, file);
      const skipped = new Int16Array(FRAME_SAMPLES);
      while (file.source.position < message.skipSamples && file.source.read(skipped));
      sendChunk(files, send, message.id, file);
      return;
    }
    case 'more': {
      const file = files.get(message.id);
      if (file !== undefined) sendChunk(files, send, message.id, file);
      return;
    }
    case 'close':
      files.get(message.id)?.source.close();
      files.delete(message.id);
  }
}

function sendChunk(
  files: Map<number, OpenFile>,
  send: (message: FromDecoder) => void,
  id: number,
  file: OpenFile,
): void {
  const samples = new Int16Array(file.chunk);
  file.chunk = LATER_SAMPLES;
  let length = 0;
  let last = false;
  while (length < samples.length && !last) {
    const before = file.source.position;
    last = !file.source.read(samples.subarray(length, length + FRAME_SAMPLES));
    length += file.source.position - before;
  }
  if (last) {
    file.source.close();
    files.delete(id);
  }
  send({ kind: 'sound', id, samples: samples.slice(0, length), last });
}
