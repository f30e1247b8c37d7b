import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { type Fault, fault, faultOf, PivotError } from '../../../crds/errors/fault.ts';
import { mediaCodes } from '../../../crds/errors/media.ts';
import { createGate, type Gate } from '../gate.ts';
import type { SpeechEngine, SpeechRequest, SpeechResult } from './engine.ts';
import type { Language } from './language.ts';

/** espeak-ng's variants of every voice; `+m3` and `+f2` are the least harsh at 8 kHz. */
const VARIANT = { male: 'm3', female: 'f2' } as const;
const VARIANT_NAME = /^(m[1-8]|f[1-5]|croak|whisper|whisperf|klatt[2-6]?)$/;
/** Words a minute; the program's own 175 is hasty on a telephone. */
const RATE = '155';
/** Languages that espeak-ng calls otherwise than BCP 47 does. */
const OTHER_NAMES: Readonly<Record<string, string>> = { zh: 'cmn', no: 'nb', iw: 'he', tl: 'fil', 'es-mx': 'es-419' };
/** Bytes of sound, at 22 kHz about 25 minutes; a text of 4000 digits stays below. */
const MAX_BYTES = 64 * 1024 * 1024;
const PROGRAMS_AT_ONCE = 2;
const WAITING = 64;

export interface EspeakOptions {
  /** The program's path, or its name to be looked up in PATH. */
  readonly program: string;
  readonly timeoutMs: number;
}

/** The `espeak-ng` program, where it is installed: about a hundred languages. */
export function createEspeak(options: EspeakOptions): SpeechEngine {
  const gate = createGate(PROGRAMS_AT_ONCE, WAITING);
  const running = new Set<ChildProcessWithoutNullStreams>();
  let languages: Promise<ReadonlySet<string>> | undefined;
  let known: ReadonlySet<string> = new Set();

  return {
    name: 'espeak-ng',
    identity: RATE,
    ssml: true,
    async available() {
      languages ??= listLanguages(options.program);
      known = await languages;
      return known.size > 0;
    },
    speaks: (language) => espeakName(language, known) !== undefined,
    choose(wish, language) {
      const warnings: Fault[] = [];
      const name = espeakName(language, known);
      if (name === undefined) {
        warnings.push(
          fault(
            mediaCodes.languageUnavailable,
            `espeak-ng does not speak ${language.tag}; it speaks the text as English`,
          ),
        );
      }
      const base = name ?? 'en-us';
      const byGender = `${base}+${VARIANT[wish.gender ?? 'male']}`;
      if (wish.name === undefined) return { voice: byGender, warnings };
      if (VARIANT_NAME.test(wish.name)) return { voice: `${base}+${wish.name}`, warnings };
      warnings.push(
        fault(
          mediaCodes.unknownVoice,
          `espeak-ng has no voice "${wish.asked}"; ${byGender} speaks (its voices: m1 to m8, f1 to f5, croak, whisper)`,
        ),
      );
      return { voice: byGender, warnings };
    },
    synthesize: (request, signal) => speak(options, gate, running, request, signal),
    async close() {
      for (const child of running) child.kill('SIGKILL');
    },
  };
}

/** What `-v` takes for a language: the tag itself, the tag without its region, or another name. */
function espeakName(language: Language, known: ReadonlySet<string>): string | undefined {
  const tag = language.tag.toLowerCase();
  const candidates = [tag, `${language.primary}-${language.region?.toLowerCase()}`, language.primary];
  for (const candidate of candidates.flatMap((each) => [each, OTHER_NAMES[each] ?? each])) {
    if (known.has(candidate)) return candidate;
  }
  // Some languages exist only with a region: `fr-fr`, `en-gb`.
  const same = `${language.primary}-${language.primary}`;
  if (known.has(same)) return same;
  return [...known].find((each) => each.startsWith(`${language.primary}-`));
}

/** The second column of `--voices`; empty when there is no such program. */
function listLanguages(program: string): Promise<ReadonlySet<string>> {
  const { promise, resolve } = Promise.withResolvers<ReadonlySet<string>>();
  execFile(program, ['--voices'], { timeout: 10_000, encoding: 'utf8' }, (error, stdout) => {
    const rows = error ? [] : stdout.split('\n').slice(1);
    resolve(new Set(rows.map((row) => row.trim().split(/\s+/)[1]?.toLowerCase()).filter((name) => name !== undefined)));
  });
  return promise;
}

async function speak(
  options: EspeakOptions,
  gate: Gate,
  running: Set<ChildProcessWithoutNullStreams>,
  { text, ssml, voice }: SpeechRequest,
  signal: AbortSignal,
): Promise<SpeechResult> {
  const failed = (problem: string): SpeechResult => ({
    ok: false,
    fault: fault(mediaCodes.speechFailed, `espeak-ng ${problem}`),
  });
  let leave: () => void;
  try {
    leave = await gate.enter(
      signal,
      () => new PivotError(fault(mediaCodes.busy, `${WAITING} texts are waiting already`)),
    );
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, fault: faultOf(error, mediaCodes.speechFailed) };
  }
  const { promise, resolve, reject } = Promise.withResolvers<SpeechResult>();
  // No shell, and the text not among the arguments: nothing in it is taken for a command or an option.
  const markup = ssml === undefined ? [] : ['-m'];
  const child = spawn(options.program, [...markup, '-b', '1', '-s', RATE, '-v', voice, '--stdin', '--stdout'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  const chunks: Buffer[] = [];
  let size = 0;
  let messages = '';
  const give = (result: SpeechResult): void => {
    child.kill('SIGKILL');
    resolve(result);
  };
  const timer = setTimeout(() => {
    const message = `espeak-ng was not done within ${options.timeoutMs / 1000} s`;
    give({ ok: false, fault: fault(mediaCodes.speechTooSlow, message) });
  }, options.timeoutMs);
  const onAbort = (): void => {
    child.kill('SIGKILL');
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BYTES) give(failed('spoke for too long'));
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (messages.length < 500) messages += chunk.toString('utf8');
  });
  child.on('error', (error) => give(failed(`could not be run: ${error.message}`)));
  child.on('close', (code, killedBy) => {
    if (code === 0) give({ ok: true, audio: Buffer.concat(chunks), engine: 'espeak-ng', voice });
    else give(failed(`ended with ${code ?? killedBy}: ${messages.trim().slice(0, 200)}`));
  });
  // It may end before it has read everything.
  child.stdin.on('error', () => {});
  // `[[` begins phonemes.
  const said = ssml === undefined ? text : `<speak>${ssml}</speak>`;
  child.stdin.end(said.replaceAll('[[', '[ ['));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    running.delete(child);
    leave();
  }
}
