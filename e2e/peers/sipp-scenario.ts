/** How a call that sipp places goes on once it is answered, and how it ends. */
export type Ending =
  /** Hangs up so long after the answer, or at `hangUp()`, whichever is first; the far end may hang up before. */
  | { readonly kind: 'hang-up'; readonly afterMs: number }
  /** The far end must hang up within this time of the answer, or of the last digit. */
  | { readonly kind: 'far-end'; readonly withinMs: number }
  /** Gives up with CANCEL so long after the INVITE, or the last provisional response; a call answered before fails. */
  | { readonly kind: 'cancel'; readonly afterMs: number }
  /** The far end must refuse with this status. */
  | { readonly kind: 'refused'; readonly status: number };

/** Digits by INFO with `application/dtmf-relay`, one message each, so long after the answer or the digit before. */
export interface InfoDigits {
  readonly digits: string;
  readonly afterMs: number;
  /** Between one and the next. Default 200. */
  readonly gapMs?: number;
}

export interface CallerScenario {
  /** User part of From and Contact. */
  readonly from: string;
  /** User part of the Request-URI and To. */
  readonly number: string;
  /** Host part of the Request-URI and To, where it is a realm and not the address. */
  readonly domain?: string;
  /** Where the caller wants its sound: an `Ear`, or a port that nobody listens at. */
  readonly media: { readonly host: string; readonly port: number };
  readonly ending: Ending;
  readonly info?: readonly InfoDigits[];
  /** Further headers of the INVITE. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends no session description in the INVITE but in the ACK. */
  readonly lateOffer?: boolean;
}

/** sipp's longest wait for what must come (an answer, a 200 to our BYE). */
const PATIENCE_MS = 20_000;
/** Method of the request that `hangUp()` sends to sipp as a sign; sipp matches it by Call-ID. */
export const SIGN = 'NOTIFY';

const LABEL = { cancel: 80, bye: 91, answerBye: 92, end: 99 } as const;

/** The XML scenario of a caller, for sipp 3.6. */
export function callerScenario(options: CallerScenario): string {
  const script = new Script(options);
  const { ending, info = [], lateOffer = false } = options;
  const measured = ending.kind === 'hang-up' || ending.kind === 'far-end';
  script.send('INVITE', { ...(lateOffer ? {} : { sdp: true }), attributes: measured ? ' start_rtd="setup"' : '' });
  // sipp takes the time limit of the first of several alternatives, anew after each message.
  const patience =
    ending.kind === 'cancel' ? ` timeout="${Math.max(1, ending.afterMs)}" ontimeout="${LABEL.cancel}"` : '';
  for (const status of [100, 180, 183]) script.add(`<recv response="${status}" optional="true"${patience}/>`);
  switch (ending.kind) {
    case 'refused':
      script.add(`<recv response="${ending.status}" timeout="${PATIENCE_MS}"/>`);
      script.send('ACK', { asInvite: true });
      break;
    case 'cancel':
      // A 200 that comes before is not expected, and fails the call.
      script.add(`<recv response="487"${patience}/>`);
      script.label(LABEL.cancel);
      script.send('CANCEL', { asInvite: true });
      script.add('<recv response="200"/>');
      script.add(`<recv response="487" timeout="${PATIENCE_MS}"/>`);
      script.send('ACK', { asInvite: true });
      break;
    default: {
      script.add(`<recv response="200" rtd="setup" rrs="true" timeout="${PATIENCE_MS}"/>`);
      script.send('ACK', lateOffer ? { sdp: true } : {});
      for (const { digits, afterMs, gapMs = 200 } of info) {
        for (const [index, digit] of [...digits].entries()) {
          script.wait(index === 0 ? afterMs : gapMs);
          script.send('INFO', { body: [`Signal=${digit}`, 'Duration=160'], type: 'application/dtmf-relay' });
          script.add(`<recv response="200" timeout="${PATIENCE_MS}"/>`);
        }
      }
      if (ending.kind === 'hang-up') script.wait(ending.afterMs);
      else script.add(`<recv request="BYE" timeout="${Math.max(1, ending.withinMs)}" next="${LABEL.answerBye}"/>`);
      script.label(LABEL.bye);
      script.send('BYE', {});
      script.add(`<recv response="200" timeout="${PATIENCE_MS}" next="${LABEL.end}"/>`);
      script.label(LABEL.answerBye);
      script.add(`<send><![CDATA[\n\n${OK_TO_LAST.join('\n')}\n\n]]></send>`);
      script.label(LABEL.end);
      // A label needs something to stand before.
      script.add('<pause milliseconds="1"/>');
    }
  }
  return script.text;
}

const OK_TO_LAST = [
  'SIP/2.0 200 OK',
  '[last_Via:]',
  '[last_From:]',
  '[last_To:]',
  '[last_Call-ID:]',
  '[last_CSeq:]',
  'Content-Length: 0',
] as const;

interface SendOptions {
  readonly sdp?: boolean;
  readonly body?: readonly string[];
  readonly type?: string;
  /** In the INVITE's own transaction: same branch, same URI (RFC 3261 9.1, 17.1.1.3). */
  readonly asInvite?: boolean;
  readonly attributes?: string;
}

class Script {
  readonly #options: CallerScenario;
  readonly #lines: string[] = [];
  /** sipp numbers its commands; a branch is taken again by saying how many commands ago it was used. */
  #commands = 0;
  #cseq = 0;
  #labels = 0;

  constructor(options: CallerScenario) {
    this.#options = options;
  }

  get text(): string {
    const lines = this.#lines.map((line) => `  ${line}`);
    return [
      '<?xml version="1.0" encoding="ISO-8859-1"?>',
      '<scenario name="caller">',
      ...lines,
      '</scenario>',
      '',
    ].join('\n');
  }

  add(command: string): void {
    this.#lines.push(command);
    this.#commands += 1;
  }

  label(id: number): void {
    this.#lines.push(`<label id="${id}"/>`);
  }

  /** Waits, but goes where it ends when the far end hangs up or the sign comes. */
  wait(ms: number): void {
    const next = ++this.#labels;
    const limit = `timeout="${Math.max(1, ms)}" ontimeout="${next}"`;
    this.add(`<recv request="${SIGN}" optional="true" ${limit} next="${LABEL.bye}"/>`);
    this.add(`<recv request="BYE" ${limit} next="${LABEL.answerBye}"/>`);
    this.label(next);
  }

  send(
    method: string,
    { sdp = false, body = [], type = 'application/sdp', asInvite = false, attributes = '' }: SendOptions,
  ): void {
    const { from, number, domain = '[remote_ip]:[remote_port]', headers = {}, media } = this.#options;
    const target = `sip:${number}@${domain}`;
    const inDialog = method !== 'INVITE' && !asInvite;
    if (method !== 'ACK' && method !== 'CANCEL') this.#cseq += 1;
    const content = sdp ? offer(media.host, media.port) : body;
    const lines = [
      `${method} ${inDialog ? '[next_url]' : target} SIP/2.0`,
      `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch${asInvite ? `-${this.#commands}` : ''}]`,
      `From: <sip:${from}@[local_ip]:[local_port]>;tag=[pid]-[call_number]`,
      `To: <${target}>${method === 'INVITE' || method === 'CANCEL' ? '' : '[peer_tag_param]'}`,
      'Call-ID: [call_id]',
      `CSeq: ${method === 'ACK' || method === 'CANCEL' ? 1 : this.#cseq} ${method}`,
      `Contact: <sip:${from}@[local_ip]:[local_port];transport=[transport]>`,
      'Max-Forwards: 70',
      ...(inDialog ? ['[routes]'] : []),
      ...(method === 'INVITE' ? Object.entries(headers).map(([name, value]) => `${name}: ${value}`) : []),
      ...(content.length === 0 ? [] : [`Content-Type: ${type}`]),
      'Content-Length: [len]',
      '',
      ...content,
    ];
    const retrans = method === 'ACK' ? '' : ' retrans="500"';
    this.add(`<send${retrans}${attributes}><![CDATA[\n\n${lines.join('\n')}\n\n]]></send>`);
  }
}

function offer(host: string, port: number): readonly string[] {
  return [
    'v=0',
    `o=sipp 1 1 IN IP4 ${host}`,
    's=-',
    `c=IN IP4 ${host}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    'a=sendrecv',
  ];
}
