import { parseAddress, splitOutside } from '../sip/address.ts';
import { cancelFor } from '../sip/cancel.ts';
import type { Timer } from '../sip/clock.ts';
import { type Message, type ResponseMessage, withTopVia } from '../sip/message.ts';
import { replyTo } from '../sip/reply.ts';
import { resolveTarget, targetOf } from '../sip/resolve.ts';
import { serialize } from '../sip/serialize.ts';
import type { ClientTransaction, IncomingResponse } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';
import type { Context } from './context.ts';
import { timeOfDay } from './frames.ts';
import type { App, Inbound } from './records.ts';
import { forwarded, hopsLeft, recordRouteFor } from './relay.ts';
import { nok, ok } from './to-app.ts';

export interface ProxyRequest {
  readonly transactionId: string;
  /** Record-Route, so that later requests of the dialog come this way. */
  readonly remainInDialog: boolean;
  readonly followRedirects: boolean;
  readonly simultaneous: boolean;
  readonly provisionalTimeoutMs: number | undefined;
  readonly finalTimeoutMs: number | undefined;
  readonly destinations: readonly string[];
}

/** `2s` or `1500ms`; anything else (drachtio-srf writes `undefined`) is none. */
function readTimeout(token: string | undefined): number | undefined {
  const match = /^(\d{1,7})(ms|s)$/.exec(token ?? '');
  return match === null ? undefined : Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}

/** The tokens of a `proxy` frame. */
export function readProxyRequest(tokens: readonly string[]): ProxyRequest {
  return {
    transactionId: tokens[2] ?? '',
    remainInDialog: tokens[3] === 'remainInDialog',
    followRedirects: tokens[5] === 'followRedirects',
    simultaneous: tokens[6] === 'simultaneous',
    provisionalTimeoutMs: readTimeout(tokens[7]),
    finalTimeoutMs: readTimeout(tokens[8]),
    destinations: tokens.slice(9).filter((destination) => destination !== ''),
  };
}

/** More branches than this are not followed, redirects included. */
const MAX_BRANCHES = 20;

interface Branch {
  readonly transaction: ClientTransaction;
  provisional: boolean;
  cancelWanted: boolean;
  readonly timers: Timer[];
}

/** Forwards a request to one destination after the other, or to all at once (RFC 3261 section 16.6 to 16.10). */
export function startProxy(context: Context, app: App, replyId: string, proxy: ProxyRequest): void {
  const { stack, clock, inbound } = context;
  const found = inbound.get(proxy.transactionId);
  if (found === undefined) {
    nok(app, replyId, `Unknown transaction id: ${proxy.transactionId}`);
    return;
  }
  const record: Inbound = found;
  // From here on the server answers it.
  inbound.delete(record.id);
  record.expiry.cancel();
  const { request, transaction } = record;
  const branches = new Set<Branch>();
  const waiting = [...proxy.destinations];
  let started = 0;
  let best: ResponseMessage | undefined;
  let finished = false;
  let cancelled = false;

  record.cancelProxy = () => {
    cancelled = true;
    waiting.length = 0;
    for (const branch of branches) cancelBranch(branch);
    proceed();
  };
  if (hopsLeft(request.message)) proceed();
  else finish(replyTo(request, 483, undefined, { toTag: record.toTag }));

  function proceed(): void {
    while (!finished && waiting.length > 0 && (proxy.simultaneous || branches.size === 0) && started < MAX_BRANCHES) {
      started++;
      launch(waiting.shift()!);
    }
    if (finished || branches.size > 0 || (waiting.length > 0 && started < MAX_BRANCHES)) return;
    const status = cancelled ? 487 : 408;
    finish(best ?? replyTo(request, status, undefined, { toTag: record.toTag }));
  }

  function launch(destination: string): void {
    const target = targetOf(destination, context.transports, request.from.transport);
    if (typeof target === 'string') {
      consider(replyTo(request, target === 'bad-uri' ? 404 : 503, undefined, { toTag: record.toTag }));
      return;
    }
    const peer = resolveTarget(target);
    if (!(peer instanceof Promise)) {
      send(peer);
      return;
    }
    // A branch that is being resolved counts as running.
    const placeholder = {} as Branch;
    branches.add(placeholder);
    peer.then(
      (resolved) => {
        branches.delete(placeholder);
        if (!finished && !cancelled) send(resolved);
        else proceed();
      },
      () => {
        branches.delete(placeholder);
        consider(replyTo(request, 503, undefined, { toTag: record.toTag }));
        proceed();
      },
    );
  }

  function send(peer: Peer): void {
    const onward = forwarded(
      context,
      request.message,
      proxy.remainInDialog ? recordRouteFor(context, peer) : undefined,
    );
    let branch: Branch | undefined;
    const started = stack.transactions.request(onward, peer, {
      onResponse: (response) => receive(branch!, response),
      onFailure: (why) => {
        consider(replyTo(request, why === 'timeout' ? 408 : 503, undefined, { toTag: record.toTag }));
        end(branch!);
      },
    });
    const created: Branch = { transaction: started, provisional: false, cancelWanted: false, timers: [] };
    branch = created;
    branches.add(created);
    const { provisionalTimeoutMs, finalTimeoutMs } = proxy;
    const giveUp = (): void => {
      if (!branches.has(created)) return;
      cancelBranch(created);
      consider(replyTo(request, 408, undefined, { toTag: record.toTag }));
      end(created);
    };
    const limit = finalTimeoutMs ?? context.limits.pendingInviteMs;
    created.timers.push(clock.after(limit, giveUp));
    if (provisionalTimeoutMs !== undefined) {
      created.timers.push(
        clock.after(provisionalTimeoutMs, () => {
          if (!created.provisional) giveUp();
        }),
      );
    }
  }

  function receive(branch: Branch, response: IncomingResponse): void {
    const { message } = response;
    const { status } = message;
    if (status < 200) {
      branch.provisional = true;
      if (branch.cancelWanted) cancelBranch(branch);
      else if (status > 100 && !finished) transaction.respond(withTopVia(message, undefined));
      return;
    }
    // A repeated 2xx goes straight back (section 16.7 step 5).
    if (finished) {
      if (status < 300 && request.message.method === 'INVITE') transaction.respond(withTopVia(message, undefined));
      return;
    }
    report(response);
    if (status < 300) {
      branches.delete(branch);
      for (const timer of branch.timers) timer.cancel();
      for (const other of branches) cancelBranch(other);
      finish(withTopVia(message, undefined));
      return;
    }
    if (proxy.followRedirects && status < 400) waiting.unshift(...contactsOf(message));
    if (status >= 600) waiting.length = 0;
    consider(withTopVia(message, undefined));
    end(branch);
  }

  /** Section 16.7 step 6: a 6xx wins, then the lowest class; 401 and 407 before other 4xx. */
  function consider(response: ResponseMessage): void {
    const rank = ({ status }: ResponseMessage): number => {
      if (status >= 600) return 0;
      if (status === 401 || status === 407) return 400;
      return Math.floor(status / 100) * 100 + 50;
    };
    if (best === undefined || rank(response) < rank(best)) best = response;
  }

  function end(branch: Branch): void {
    branches.delete(branch);
    for (const timer of branch.timers) timer.cancel();
    proceed();
  }

  function cancelBranch(branch: Branch): void {
    if (branch.transaction === undefined || request.message.method !== 'INVITE') return;
    branch.cancelWanted = true;
    const { state, to } = branch.transaction;
    if (!branch.provisional || state !== 'proceeding') return;
    const { request: cancel, branch: id } = cancelFor(branch.transaction.request);
    stack.transactions.request(cancel, to, { onResponse: () => {}, onFailure: () => {} }, id);
  }

  function report({ message, from, size }: IncomingResponse): void {
    if (app.gone) return;
    const leader = ['network', String(size), from.transport, from.address, String(from.port), timeOfDay(clock.now())];
    ok(app, replyId, `${leader.join('|')}|||continue\r\n${serialize(message)}`);
  }

  function finish(response: ResponseMessage): void {
    if (finished) return;
    finished = true;
    record.cancelProxy = undefined;
    waiting.length = 0;
    transaction.respond(response);
    if (!app.gone) ok(app, replyId, 'done');
  }
}

function contactsOf(message: Message): string[] {
  return (message.headers.get('contact') ?? [])
    .flatMap((value) => splitOutside(value, ','))
    .map((value) => parseAddress(value)?.uri)
    .filter((uri) => uri !== undefined);
}
