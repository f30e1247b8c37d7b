/**
 * The bare limit of signalling: an application of drachtio-srf that answers every INVITE at once with a fixed session description, no
 * media, no webhook. Run as a child: `node bench/bare-answer.ts` starts the softswitch too; with `HOST:PORT SECRET` it uses that
 * drachtio-server. Prints `ready SIP-PORT`.
 */
import { connectSignalling } from '../media-worker/sip/signalling.ts';
import { startSoftswitch } from '../media-worker/softswitch/softswitch.ts';
import { createLogger } from '../runtime/log.ts';

const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

const [address, secret = 'cymru'] = process.argv.slice(2);
const host = '127.0.0.1';
const softswitch =
  address === undefined
    ? await startSoftswitch({
        sip: { host, port: 0 },
        admin: { host, port: 0, secret },
        esl: { host, port: 0, password: 'ClueCon' },
        rtp: { host, from: 0, to: 0 },
      })
    : undefined;
const [adminHost, adminPort] = address === undefined ? [host, softswitch?.adminPort] : address.split(':');
const signalling = connectSignalling({
  host: String(adminHost),
  port: Number(adminPort),
  secret,
  log: createLogger({ level: 'silent' }),
  accepting: () => true,
  onConnectionChange: () => {},
  onRegister: () => {},
  onInvite: (request, response) => {
    signalling.client.createUAS(request, response, { localSdp: SDP }).catch(() => {});
  },
});
await signalling.ready;
console.log(`ready ${softswitch?.sipPort ?? 0}`);
