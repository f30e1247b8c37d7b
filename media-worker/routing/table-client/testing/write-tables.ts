import { writeTableFile } from '../table-file.ts';
import { numbersTable } from './tables.ts';

/** A process that writes one table after the other to a file, and says so, until somebody kills it. */
const path = process.argv[2]!;
const cache = new WeakMap();
for (let generation = 1; ; generation++) {
  await writeTableFile(path, numbersTable(2000, generation), cache);
  process.stdout.write('.');
}
