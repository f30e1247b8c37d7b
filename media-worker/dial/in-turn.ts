export interface Weighted {
  /** The lowest is tried first. */
  readonly priority: number;
  readonly weight: number;
}

/** The order in which servers are tried: by priority; those of one priority at random by their weights (RFC 2782, page 3). */
export function inTurn<T extends Weighted>(servers: readonly T[], random: () => number): readonly T[] {
  const priorities = [...new Set(servers.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    shuffled(
      servers.filter((server) => server.priority === priority),
      random,
    ),
  );
}

function shuffled<T extends Weighted>(servers: readonly T[], random: () => number): T[] {
  // Those of weight 0 stand first, so that they have a very small chance.
  const left = servers.toSorted((a, b) => a.weight - b.weight);
  const order: T[] = [];
  while (left.length > 0) {
    let mark = random() * left.reduce((sum, { weight }) => sum + weight, 0);
    const at = left.findIndex(({ weight }) => {
      mark -= weight;
      return mark <= 0;
    });
    order.push(...left.splice(Math.max(at, 0), 1));
  }
  return order;
}
