/** A small office for tests of telephones that register, and telephones made by hand. */
import { randomUUID } from 'node:crypto';
import { pivotManifest } from './harness.ts';
import type { RawSip } from './raw-sip.ts';
import { authorization, statusOf } from './sip-digest.ts';
import { twiml, type Web } from './web.ts';

export const PASSWORD = 'not-a-real-password';

/** The manifests of a small office: telephones, a person, and numbers that call them. */
export function office(web: Web): Record<string, object> {
  const dial = (number: string, what: string): object => {
    web.on(`/${number}`, twiml(`<Dial action="/${number}/done" timeout="20">${what}</Dial>`));
    web.on(`/${number}/done`, twiml('<Hangup/>'));
    return pivotManifest(`dial-${number}`, [number], `${web.url}/${number}`);
  };
  const device = (name: string, more: object = {}): object => ({
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotDevice',
    metadata: { name },
    spec: { credentials: { username: name, passwordSecretRef: { name: 'phones', key: 'password' } }, ...more },
  });
  return {
    'secret.yaml': {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'phones' },
      stringData: { password: PASSWORD },
    },
    'ann.yaml': {
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotUser',
      metadata: { name: 'ann' },
      spec: { name: 'Ann', devices: ['desk', 'mobile'] },
    },
    ...Object.fromEntries(['desk', 'mobile', 'fork', 'nat', 'short'].map((name) => [`${name}.yaml`, device(name)])),
    '1.yaml': dial('1', '<Device>desk</Device>'),
    '2.yaml': dial('2', '<User>ann</User>'),
    '3.yaml': dial('3', '<Device>fork</Device>'),
    '4.yaml': dial('4', '<Device>nat</Device>'),
    '6.yaml': dial('6', '<Device>nat</Device>'),
    '5.yaml': dial('5', '<Device>short</Device>'),
  };
}

/** Registers and answers the challenge; Contact is among `headers`. */
export async function registerRaw(
  sip: RawSip,
  to: { host: string; port: number },
  { user, headers }: { user: string; headers: readonly string[] },
): Promise<{ readonly proof: string; readonly answer: string }> {
  const callId = randomUUID();
  const send = (cseq: number, more: readonly string[]): Promise<string> =>
    sip.ask(
      registerText(sip, to, { callId, user, cseq, headers: [...headers, ...more] }),
      `${callId}\r\nCSeq: ${cseq} REGISTER`,
    );
  const asked = await send(1, []);
  if (statusOf(asked) !== 401) throw new Error(`no challenge: ${asked}`);
  const uri = `sip:${to.host}:${to.port}`;
  const proof = authorization(asked, { method: 'REGISTER', uri, username: user, password: PASSWORD });
  return { proof, answer: await send(2, [proof]) };
}

/** A REGISTER; Contact is among `headers`. */
export function registerText(
  sip: RawSip,
  to: { host: string; port: number },
  { callId, user, cseq, headers }: { callId: string; user: string; cseq: number; headers: readonly string[] },
): string {
  const registrar = `sip:${to.host}:${to.port}`;
  return [
    `REGISTER ${registrar} SIP/2.0`,
    `Via: SIP/2.0/${sip.transport.toUpperCase()} ${sip.host}:${sip.port};branch=z9hG4bK-${callId}-${cseq};rport`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${to.host}>;tag=${callId}`,
    `To: <sip:${user}@${to.host}>`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} REGISTER`,
    ...headers,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

/** The first thing that came in and fits, or the `nth`. */
export async function heard(sip: RawSip, pattern: RegExp, nth = 1): Promise<string> {
  for (;;) {
    const found = sip.received.filter((text) => pattern.test(text))[nth - 1];
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A response to the (last) request in what was received. */
export function answerTo(received: string, contact: string, body: string, status = '200 OK'): string {
  const text = received.slice(received.search(/(?:INVITE|BYE|CANCEL) \S+ SIP\/2\.0/));
  const head = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  const copied = head.filter((line) => /^(?:via|from|call-id|cseq|record-route)\s*:/i.test(line));
  const to = head.find((line) => /^to\s*:/i.test(line)) ?? '';
  return [
    `SIP/2.0 ${status}`,
    ...copied,
    /;tag=/.test(to) ? to : `${to};tag=nat`,
    contact,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
