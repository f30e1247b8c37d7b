/** All example web servers on one port: `node examples/servers.ts [--port 8090]`. */
import { helloTwiml } from './01-hello-twiml/server.ts';
import { helloCallflowJson } from './02-hello-callflow-json/server.ts';
import { menu } from './03-menu-with-gather/server.ts';
import { orders } from './04-collect-digits/server.ts';
import { balance } from './05-account-balance/server.ts';
import { backup } from './06-failback/server.ts';
import { chain } from './07-chained-pivots/server.ts';
import { signed } from './08-signed-requests/server.ts';
import { voicemail } from './09-voicemail/server.ts';
import { conference } from './10-conference/server.ts';
import { queue } from './11-queue/server.ts';
import { screening } from './12-call-screening/server.ts';
import { team } from './13-simultaneous-ring/server.ts';
import { forward } from './14-forward-on-busy/server.ts';
import { type Example, runServer } from './web.ts';

export const examples: readonly Example[] = [
  helloTwiml,
  helloCallflowJson,
  menu,
  orders,
  balance,
  backup,
  chain,
  signed,
  voicemail,
  conference,
  queue,
  screening,
  team,
  forward,
];

if (import.meta.main) await runServer(examples);
