/** For tests: the steps of a trimmed transcript (`testdata/*.json`). */

/** Headers that must be there as given; null ones must not be there. */
export type Headers = Readonly<Record<string, string | null>>;

/**
 * `conn` is a connection: a number is the outbound one of a channel (`$1` stands for the channel of connection 1), 0 the
 * authenticated inbound one, a letter an inbound one that begins with nothing said.
 */
export type Step =
  | { readonly label: string }
  /** An endpoint is made and `connect` sent; `data`: the names of the headers of the reply. */
  | { readonly call: number; readonly offerless?: true; readonly data: readonly string[] }
  /** An INVITE that is refused. */
  | { readonly refused: number; readonly offer: string }
  | Exchange
  | { readonly conn?: number; readonly bye: 'local'; readonly reason: string }
  | { readonly conn?: number; readonly bye: 'remote' };

/** Something on one connection. */
export type Exchange = { readonly conn: number | string } & (
  | { readonly send: string }
  | { readonly reply: string }
  /** A reply whose values differ by nature: a regular expression that it must match, such as drachtio-fsmrf's. */
  | { readonly matches: string }
  /** `uuid_dump`: the names of what must be there. */
  | { readonly dump: readonly string[] }
  /** A long list: what must stand in it somewhere. */
  | { readonly list: readonly string[] }
  /** `has`: names of headers whose values differ by nature. */
  | { readonly event: Headers; readonly has?: readonly string[] }
  | { readonly press: string }
  /** A re-INVITE of the far end, and the direction in the answer. */
  | { readonly reinvite: string; readonly direction: string }
  | { readonly closed: true }
);

/** The outbound connection of a step. */
function channelOf(step: Step): number | undefined {
  if ('call' in step) return step.call;
  return 'conn' in step && typeof step.conn === 'number' && step.conn !== 0 ? step.conn : undefined;
}

/** Connections that are needed at once: those used before another one's end. Others are made when their turn comes. */
export function startConnections(steps: readonly Step[]): number[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  const placed = new Set(steps.flatMap((step) => ('call' in step ? [step.call] : [])));
  for (const [index, step] of steps.entries()) {
    const conn = channelOf(step);
    if (conn === undefined || placed.has(conn)) continue;
    if (!first.has(conn)) first.set(conn, index);
    last.set(conn, index);
  }
  const conns = [...first.keys()].toSorted((a, b) => a - b);
  return conns.filter((conn) => {
    const begin = first.get(conn) ?? 0;
    return (
      conns.some((other) => other !== conn && (first.get(other) ?? 0) <= begin && (last.get(other) ?? 0) > begin) ||
      begin <= 1
    );
  });
}

/** Commands that were sent together arrive together. */
export function joined(steps: readonly Step[]): Step[] {
  const out: Step[] = [];
  for (const step of steps) {
    const last = out.at(-1);
    if ('send' in step && last !== undefined && 'send' in last && last.conn === step.conn) {
      out[out.length - 1] = { conn: step.conn, send: last.send + step.send };
    } else out.push(step);
  }
  return out;
}
