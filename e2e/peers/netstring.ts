/** Netstrings (`5:hello,`), as baresip's ctrl_tcp speaks them. */
export function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** Takes netstrings out of a stream of bytes. */
export class NetstringReader {
  #rest = Buffer.alloc(0);

  push(chunk: Buffer): readonly string[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const found: string[] = [];
    for (;;) {
      const colon = this.#rest.indexOf(':');
      if (colon === -1) return found;
      const length = Number(this.#rest.toString('latin1', 0, colon));
      if (!Number.isInteger(length)) throw new Error('no netstring');
      const end = colon + 1 + length;
      if (this.#rest.length < end + 1) return found;
      found.push(this.#rest.toString('utf8', colon + 1, end));
      this.#rest = this.#rest.subarray(end + 1);
    }
  }
}
