import type { RoutingTable } from '../../../crds/routing-table.ts';
import type { Compiled, CompiledSource } from '../distributor.ts';
import { numbersTable } from './tables.ts';

/** A source whose tables a test sets. */
export class TestSource implements CompiledSource {
  synced = true;
  asked = 0;
  #compiled: Compiled = { table: numbersTable(0), secrets: new Map() };
  readonly #listeners = new Set<() => void>();

  latest(): Compiled {
    this.asked++;
    return this.#compiled;
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  set(table: RoutingTable, more: Partial<Compiled> = {}): void {
    this.#compiled = { secrets: this.#compiled.secrets, ...more, table };
    for (const changed of this.#listeners) changed();
  }

  sync(): void {
    this.synced = true;
    for (const changed of this.#listeners) changed();
  }
}
