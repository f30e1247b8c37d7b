// Run by `helm test`. Each step is tried for a minute: Pods may just be starting.
import { connect as tcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as tls } from 'node:tls';

const { OPERATOR, STREAM, STREAM_PORT = '8443', SIP, LIMIT_MS = '60000' } = process.env;
const limit = Date.now() + Number(LIMIT_MS);

async function step(name, attempt) {
  for (;;) {
    try {
      console.log(`ok: ${name}: ${await attempt()}`);
      return;
    } catch (error) {
      if (Date.now() > limit) {
        console.error(`failed: ${name}: ${error.message}`);
        process.exit(1);
      }
      await delay(1000);
    }
  }
}

const opened = (socket, event, answer) =>
  new Promise((resolve, reject) => {
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer in 5 s')));
    socket.once('error', reject).once(event, (data) => resolve(answer(socket, data)));
  }).finally(() => socket.destroy());

/** RFC 3261, section 11: what are you able to do? */
const options = (address) =>
  [
    `OPTIONS sip:${address} SIP/2.0`,
    `Via: SIP/2.0/TCP test.invalid;branch=z9hG4bK${Date.now()};rport`,
    'Max-Forwards: 70',
    `From: <sip:test@test.invalid>;tag=${Date.now()}`,
    `To: <sip:${address}>`,
    `Call-ID: ${Date.now()}@test.invalid`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

await step('an operator is ready', async () => {
  const { status } = await fetch(OPERATOR, { signal: AbortSignal.timeout(5000) });
  if (status !== 200) throw new Error(`${OPERATOR} answered ${status}`);
  return OPERATOR;
});
await step('a leader serves the routing table, with the certificate that workers trust', () =>
  opened(tls({ host: STREAM, port: Number(STREAM_PORT), servername: STREAM }), 'secureConnect', (socket) =>
    socket.getProtocol(),
  ),
);
if (SIP !== undefined) {
  const [host, port] = SIP.split(':');
  await step('a worker answers SIP', () => {
    const socket = tcp({ host, port: Number(port) });
    socket.write(options(SIP));
    return opened(socket, 'data', (_, data) => {
      const [line] = data.toString().split('\r\n');
      if (!line.startsWith('SIP/2.0 200')) throw new Error(line);
      return line;
    });
  });
}
