import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { streamCodes } from '../../crds/errors/stream.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { TlsMaterial } from '../distributor/stream-server.ts';

/** The kubelet brings a mounted Secret up to date within a minute or two; cert-manager renews weeks before the end. Milliseconds. */
const LOOK_MS = 10_000;

/** Certificate and key from a folder as a TLS Secret is mounted: `tls.crt`, `tls.key`. */
export class TlsFolder {
  readonly #folder: string;
  readonly #clock: Clock;
  #material: TlsMaterial;
  #timer: Timer | undefined;
  #stopped = false;

  private constructor(folder: string, clock: Clock, material: TlsMaterial) {
    this.#folder = folder;
    this.#clock = clock;
    this.#material = material;
  }

  /** Rejects with a fault when there is no pair that can be used. */
  static async open(folder: string, clock: Clock): Promise<TlsFolder> {
    return new TlsFolder(folder, clock, await read(folder));
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** Tells of each new pair; one that cannot be used is told to `onError`, and the one before stays. */
  watch(onRenewed: (material: TlsMaterial) => void, onError: (error: unknown) => void): void {
    this.#timer = this.#clock.after(LOOK_MS, async () => {
      try {
        const found = await read(this.#folder);
        if (!this.#stopped && !same(found, this.#material)) {
          this.#material = found;
          onRenewed(found);
        }
      } catch (error) {
        onError(error);
      }
      if (!this.#stopped) this.watch(onRenewed, onError);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}

async function read(folder: string): Promise<TlsMaterial> {
  try {
    const [cert, key] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(folder, name), 'utf8')));
    const material = { cert: cert!, key: key! };
    createSecureContext(material); // Throws unless they are a pair.
    return material;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PivotError(fault(streamCodes.badCertificate, `${folder}: ${reason}`));
  }
}

function same(a: TlsMaterial, b: TlsMaterial): boolean {
  return String(a.cert) === String(b.cert) && String(a.key) === String(b.key);
}
