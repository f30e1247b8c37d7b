/** For the tests beside this file. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createOutgoing } from '../outgoing/client.ts';
import { CallSpan } from '../telemetry/span.ts';
import { createSoundLibrary, type Preparation, type SoundLibrary, type SoundLibraryOptions } from './library.ts';
import type { Sound } from './sound.ts';
import { monoPieces, readWav } from './wav.ts';

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pivot-media-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const testdata = (name: string): Promise<Buffer> => readFile(new URL(`testdata/${name}`, import.meta.url));

export interface Rig {
  readonly folder: string;
  readonly library: SoundLibrary;
  readonly reported: string[];
  prepare(sound: Sound, signal?: AbortSignal, account?: string): Promise<Preparation>;
}

/** A library in a temporary folder that may fetch from this machine. */
export async function createRig(t: TestContext, options: Partial<SoundLibraryOptions> = {}): Promise<Rig> {
  const folder = options.folder ?? (await temporaryFolder(t));
  const outgoing = createOutgoing({ policy: { allow: ['127.0.0.0/8'] } });
  const reported: string[] = [];
  const library = createSoundLibrary({
    folder,
    outgoing,
    report: (fault) => reported.push(`${fault.code} ${fault.message}`),
    ...options,
  });
  t.after(async () => {
    await library.close();
    await outgoing.close();
  });
  return {
    folder,
    library,
    reported,
    prepare: (sound, signal = new AbortController().signal, account = 'acme') =>
      library.prepare(sound, { account, signal, span: CallSpan.none() }),
  };
}

export interface TestServer {
  readonly url: string;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

export async function serve(
  t: TestContext,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  t.after(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
}

/** The samples of a wav file, -1 to 1, and its rate. */
export function samplesOf(bytes: Uint8Array): { readonly samples: Float32Array; readonly rate: number } {
  const read = readWav(bytes);
  if (!read.ok) throw new Error(read.problem);
  return { samples: Float32Array.from([...monoPieces(read.wav)].flatMap((piece) => [...piece])), rate: read.wav.rate };
}

/** Amplitude of a sine of `hertz` in the samples (Goertzel, with a Hann window). */
export function amplitudeAt(samples: Float32Array, rate: number, hertz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  let [previous, before, weight] = [0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / samples.length);
    weight += window;
    [previous, before] = [samples[i]! * window + coefficient * previous - before, previous];
  }
  return (2 * Math.sqrt(Math.max(0, previous ** 2 + before ** 2 - coefficient * previous * before))) / weight;
}

export function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
}

export function sine(hertz: number, rate: number, seconds: number, amplitude = 0.5): Int16Array {
  return Int16Array.from({ length: Math.round(rate * seconds) }, (_, i) =>
    Math.round(Math.sin((2 * Math.PI * hertz * i) / rate) * amplitude * 32_767),
  );
}
