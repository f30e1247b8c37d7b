/**
 * What `npm start` runs: the example web servers in this process, and `pivot up examples/` in another. Arguments go to `pivot up`:
 * `npm start -- --sip 127.0.0.1:5070`. Both end together.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { examples } from './servers.ts';
import { runServer } from './web.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

const server = await runServer(examples, []);
if (server !== undefined) {
  // In a process group of its own: Ctrl-C in a terminal reaches this process alone, which passes it on once. Twice would cut calls off.
  const pivot = spawn(process.execPath, ['cli/bin.js', 'up', 'examples/', ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  // The first asks `pivot up` to let calls finish, a second one ends them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => pivot.kill('SIGTERM'));
  // A signal to npm ends npm's shell, which passes nothing on: so whoever loses its parent ends too.
  const parent = process.ppid;
  const orphaned = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(orphaned);
    pivot.kill('SIGTERM');
  }, 500);
  process.on('exit', () => pivot.kill());
  createInterface({ input: pivot.stdout }).on('line', (line) => {
    console.log(line);
    if (line.startsWith('ready:')) console.log(whatNext(line));
  });
  pivot.on('exit', (code) => {
    clearInterval(orphaned);
    process.exitCode = code ?? 1;
    server.closeAllConnections();
    server.close();
  });
}

/** Three lines. The addresses are those of the line `ready: sip udp:HOST:PORT ... http URL numbers N`. */
function whatNext(ready: string): string {
  const sip = /udp:(\S+)/.exec(ready)?.[1] ?? '127.0.0.1:5060';
  const http = /http (\S+)/.exec(ready)?.[1] ?? 'http://127.0.0.1:8080';
  const port = sip.endsWith(':5060') ? sip.slice(0, -':5060'.length) : sip;
  const option = sip === '127.0.0.1:5060' ? '' : ` --sip ${sip}`;
  return [
    `Call sip:2030@${port} with any SIP phone; no account is needed.`,
    `No phone? In another terminal: npx pivot call 2030${option}`,
    `What was sent and returned: ${http}/`,
  ].join('\n');
}
