/**
 * Splits the bytes of an event socket into commands. A command is lines up to an empty line (LF; CRLF is accepted), followed by
 * `Content-Length` bytes if it has that header. drachtio-modesl writes each line by itself, so a command arrives in pieces.
 */

export interface Command {
  /** The first line, untrimmed at its end, as FreeSWITCH sees it. */
  readonly line: string;
  /** The other lines. Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** More than any honest command: mod_event_socket stops reading at 1 MiB too. */
export const MAX_HEADER_BYTES = 256 * 1024;
export const MAX_BODY_BYTES = 1024 * 1024;

export interface CommandParser {
  /** Takes bytes, gives the commands that are complete. Throws `RangeError` past a limit; the parser is then of no more use. */
  push(bytes: Buffer): Command[];
  /** Bytes that wait for the rest of their command. */
  readonly pending: number;
}

const LF = 0x0a;
const CR = 0x0d;

/** The end of the header block in `buffer`, searched from `from`: [index of the empty line, index after it], or undefined. */
function endOfHeaders(buffer: Buffer, from: number): [number, number] | undefined {
  let at = buffer.indexOf(LF, from);
  while (at !== -1) {
    if (buffer[at + 1] === LF) return [at, at + 2];
    if (buffer[at + 1] === CR && buffer[at + 2] === LF) return [at, at + 3];
    at = buffer.indexOf(LF, at + 1);
  }
  return undefined;
}

function parseHeaders(text: string): Omit<Command, 'body'> {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { line: lines[0] ?? '', headers };
}

export function createCommandParser(): CommandParser {
  let buffer: Buffer = Buffer.alloc(0);
  let head: Omit<Command, 'body'> | undefined;
  let bodyLength = 0;
  let searched = 0;

  function skipEmptyLines(): void {
    let start = 0;
    while (buffer[start] === LF || (buffer[start] === CR && buffer[start + 1] === LF)) start += 1;
    if (start > 0) buffer = buffer.subarray(start);
  }

  function next(): Command | undefined {
    if (head === undefined) {
      if (searched === 0) skipEmptyLines();
      const end = endOfHeaders(buffer, Math.max(0, searched - 3));
      if ((end?.[0] ?? buffer.length) > MAX_HEADER_BYTES) throw new RangeError('command longer than 256 KiB');
      if (end === undefined) {
        searched = buffer.length;
        return undefined;
      }
      head = parseHeaders(buffer.toString('utf8', 0, end[0]));
      buffer = buffer.subarray(end[1]);
      searched = 0;
      const length = head.headers.get('content-length') ?? '0';
      bodyLength = /^\d{1,9}$/.test(length) ? Number(length) : 0;
      if (bodyLength > MAX_BODY_BYTES) throw new RangeError('body longer than 1 MiB');
    }
    if (buffer.length < bodyLength) return undefined;
    const command: Command = { ...head, body: buffer.toString('utf8', 0, bodyLength) };
    buffer = buffer.subarray(bodyLength);
    head = undefined;
    bodyLength = 0;
    return command;
  }

  return {
    get pending() {
      return buffer.length;
    },
    push(bytes) {
      buffer = buffer.length === 0 ? bytes : Buffer.concat([buffer, bytes]);
      const commands: Command[] = [];
      for (let command = next(); command !== undefined; command = next()) commands.push(command);
      // Keep what is left in memory of its own, so that a small rest does not hold a large chunk.
      if (buffer.length > 0) buffer = Buffer.from(buffer);
      return commands;
    },
  };
}
