/** One SIP message of a log. */
export interface LoggedMessage {
  readonly direction: 'sent' | 'received';
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Line ends are LF. */
  readonly text: string;
}

/** `INVITE`, or `200` of a response. */
export function kindOf({ text }: LoggedMessage): string {
  return /^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? /^(\S+)/.exec(text)?.[1] ?? '';
}

/** The first header of that name, any case; undefined when there is none. */
export function headerOf({ text }: LoggedMessage, name: string): string | undefined {
  return new RegExp(`^${name}\\s*:\\s*(.*)$`, 'im').exec(text.split('\n\n')[0] ?? '')?.[1]?.trim();
}

/** Parses sipp's `-trace_msg` file; a message that is still being written is left out. */
export function parseSippLog(log: string): readonly LoggedMessage[] {
  const head =
    /^-{47} (\d{4}-\d\d-\d\d)[ \t]+(\d\d:\d\d:\d\d)\.(\d{3})\d*[^\n]*\n\w+ message (sent|received) [[(](\d+)(?:\] bytes :| bytes\):)\n\n/gm;
  const found: LoggedMessage[] = [];
  for (const match of log.matchAll(head)) {
    const [, day, clock, fraction, direction, length] = match;
    const start = match.index + match[0].length;
    const bytes = Buffer.from(log.slice(start), 'latin1').subarray(0, Number(length));
    if (bytes.length < Number(length)) break;
    found.push({
      direction: direction as LoggedMessage['direction'],
      time: Date.parse(`${day}T${clock}.${fraction}`),
      text: bytes.toString('latin1').replaceAll('\r\n', '\n'),
    });
  }
  return found;
}
