import type { Fault } from './errors/fault.ts';
import type { Located } from './resources.ts';

/** Gives a fault with a JSON pointer the file, line and column of what it points to. */
export function locateFault(one: Fault, { at, file }: Pick<Located, 'at' | 'file'>): Fault {
  const position = at?.(one.place?.pointer ?? '');
  return { ...one, place: { ...(file === undefined ? {} : { file }), ...position, ...one.place } };
}
