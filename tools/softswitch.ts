/**
 * The softswitch alone, in the places of a drachtio-server and a FreeSWITCH that are processes of their own: `node tools/softswitch.ts`, then
 * `pivot up --drachtio HOST:PORT --freeswitch HOST:PORT` with the addresses that it prints. Any free ports; ends with SIGTERM.
 */
import { once } from 'node:events';
import { startSoftswitch } from '../media-worker/softswitch/softswitch.ts';

const host = '127.0.0.1';
const softswitch = await startSoftswitch({
  sip: { host, port: 0 },
  // The usual secrets of both.
  admin: { host, port: 0, secret: 'cymru' },
  esl: { host, port: 0, password: 'ClueCon' },
  rtp: { host, from: 0, to: 0 },
});
const { sipPort, adminPort, eslPort } = softswitch;
console.log(`ready: sip ${host}:${sipPort} drachtio ${host}:${adminPort} freeswitch ${host}:${eslPort}`);
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), softswitch.exited]);
await softswitch.close();
