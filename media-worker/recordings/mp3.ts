import { spawn } from 'node:child_process';
import { access, constants, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * Makes an mp3 of a wav file. Every mp3 encoder that is small and well kept is under the LGPL (LAME, Shine), so none is part of Pivot: the
 * programs `lame` or `ffmpeg` are used where they are installed.
 */
export interface Mp3Encoder {
  readonly program: string;
  encode(wav: string, mp3: string, signal: AbortSignal): Promise<void>;
}

/** Telephone sound is good at this rate (kbit/s for each channel). */
const KBITS = 32;
const PROGRAMS: Readonly<Record<string, (wav: string, mp3: string) => readonly string[]>> = {
  lame: (wav, mp3) => ['--quiet', '-b', String(KBITS), wav, mp3],
  ffmpeg: (wav, mp3) => ['-v', 'error', '-y', '-i', wav, '-b:a', `${KBITS}k`, '-f', 'mp3', mp3],
};

/** The encoder that is installed, if one is. */
export async function findMp3Encoder(path: string): Promise<Mp3Encoder | undefined> {
  for (const [program, args] of Object.entries(PROGRAMS)) {
    for (const folder of path.split(delimiter).filter((one) => one !== '')) {
      const file = join(folder, program);
      const there = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (there) return encoderOf(file, args);
    }
  }
  return undefined;
}

function encoderOf(program: string, args: (wav: string, mp3: string) => readonly string[]): Mp3Encoder {
  return {
    program,
    async encode(wav, mp3, signal) {
      signal.throwIfAborted();
      const part = `${mp3}.part`;
      try {
        await run(program, args(wav, part), signal);
        await rename(part, mp3);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
  };
}

function run(program: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], signal, killSignal: 'SIGKILL' });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 500) said += chunk.toString('utf8');
  });
  child.on('error', reject);
  child.on('close', (code) => {
    if (code === 0) resolve();
    else reject(new Error(`${program} ended with ${code ?? 'a signal'}: ${said.trim().slice(0, 200)}`));
  });
  return promise;
}
