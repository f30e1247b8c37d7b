import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { bracket } from '../sip/address.ts';
import { type Clock, type SipTimers, systemClock } from '../sip/clock.ts';
import type { Log } from '../sip/log.ts';
import { parseMessage } from '../sip/parse.ts';
import { createSipStack, type SipStack } from '../sip/stack.ts';
import type { Peer, TransportName } from '../sip/transport.ts';
import { type Apps, acceptApps } from './apps.ts';
import { type Context, DEFAULT_LIMITS, type Limits } from './context.ts';
import { createDialogs } from './dialogs.ts';
import { readPayload } from './frames.ts';
import { createInbound } from './inbound.ts';
import { createOutbound } from './outbound.ts';
import { readProxyRequest, startProxy } from './proxy.ts';
import type { App } from './records.ts';
import { createRoutes } from './routes.ts';
import { no, ok } from './to-app.ts';

export interface DrachtioOptions {
  /** Where applications connect. Port 0 takes a free one. */
  readonly admin: { readonly host: string; readonly port: number };
  readonly secret: string;
  readonly sip: {
    readonly host: string;
    readonly port: number;
    readonly transports: readonly TransportName[];
    /** See `TransportOptions`. */
    readonly externalFor?: (peer: Peer) => string | undefined;
  };
  /** User-Agent of requests whose application gives none; by default there is none. */
  readonly userAgent?: string;
  readonly limits?: Partial<Limits>;
  /** Tests turn the clock by hand. */
  readonly clock?: Clock;
  readonly timers?: SipTimers;
  readonly log?: Log;
}

export interface Drachtio {
  readonly adminPort: number;
  /** 0 when UDP is not offered. */
  readonly udpPort: number;
  /** 0 when TCP is not offered. */
  readonly tcpPort: number;
  /** Connected applications. */
  readonly activeApps: number;
  /** Dialogs, early ones included; 0 when every call has ended. */
  readonly activeDialogs: number;
  /** Transactions of both directions; 0 some time after the last message (at most 64*T1, 32 s). */
  readonly activeTransactions: number;
  /** Requests that an application has not answered, and requests of applications without a final response. */
  readonly pendingRequests: number;
  close(): Promise<void>;
}

/** The version that the transcripts were recorded from. */
const VERSION = 'v0.9.10-1-g9c2dd4cb6a';

/** Starts the stand-in for drachtio-server. Rejects with PV-1709 when a port cannot be opened. */
export async function startDrachtio(options: DrachtioOptions): Promise<Drachtio> {
  const { secret, log } = options;
  const clock = options.clock ?? systemClock;
  const admin = await listen(options.admin.host, options.admin.port);
  let stack: SipStack;
  try {
    stack = await createSipStack({
      ...options.sip,
      clock,
      timers: options.timers,
      log,
      onRequest: (request, transaction) => inboundSide.request(request, transaction),
      onAck: (ack) => inboundSide.ack(ack),
    });
  } catch (error) {
    admin.close();
    throw error;
  }
  const context: Context = {
    stack,
    clock,
    transports: options.sip.transports,
    userAgent: options.userAgent,
    routes: createRoutes<App>(),
    dialogs: createDialogs(clock),
    inbound: new Map(),
    outbound: new Map(),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    log,
  };
  const inboundSide = createInbound(context);
  const outboundSide = createOutbound(context);
  const hostports = describe(stack);

  function sip(app: App, id: string, tokens: readonly string[], text: string): void {
    // drachtio-srf counts characters where Content-Length wants bytes: the frame decides how long the body is.
    const parsed = parseMessage(Buffer.from(text), { ignoreLength: true });
    const [, , transactionId = '', dialogId = '', routeUrl = ''] = tokens;
    if (!parsed.ok) {
      log?.('warn', 'an application sent SIP that cannot be read', { fault: parsed.fault.message });
      no(app, id, 'invalid sip message');
      return;
    }
    const { message } = parsed;
    if (message.kind === 'response') {
      if (transactionId !== '') inboundSide.respond(app, id, transactionId, message);
      else {
        no(app, id, 'transaction id missing');
        app.close();
      }
    } else if (dialogId !== '') outboundSide.inside(app, id, message, dialogId);
    else if (message.method === 'CANCEL') outboundSide.cancel(app, id, message, transactionId);
    else outboundSide.outside(app, id, message, routeUrl);
  }

  function receive(app: App, payload: string): void {
    const { tokens, text } = readPayload(payload);
    const [id = '', type = '', argument = ''] = tokens;
    switch (type) {
      case 'authenticate':
        if (argument !== secret) {
          log?.('error', 'an application gave the wrong drachtio secret', { code: softswitchCodes.wrongSecret.code });
          no(app, id, 'incorrect secret');
          app.close();
          return;
        }
        app.authenticated = true;
        ok(app, id, hostports, VERSION, hostports);
        return;
      case 'route':
        // Answered OK, and without effect, before authentication (transcript 01).
        if (app.authenticated) context.routes.add(argument.toLowerCase(), app);
        ok(app, id);
        return;
      case 'remove_route':
        if (app.authenticated) context.routes.remove(app);
        ok(app, id);
        return;
      case 'ping':
        ok(app, id, 'pong');
        return;
      case 'sip':
      case 'proxy':
        if (!app.authenticated) app.close();
        else if (type === 'sip') sip(app, id, tokens, text);
        else startProxy(context, app, id, readProxyRequest(tokens));
        return;
      default:
        no(app, id, 'Unknown message type');
        app.close();
    }
  }

  const apps: Apps = acceptApps({
    server: admin,
    limits: context.limits,
    receive,
    left(app) {
      context.routes.remove(app);
      context.dialogs.orphan(app, context.limits.orphanDialogMs);
    },
    log,
  });

  const address = admin.address();
  let closing: Promise<void> | undefined;

  async function shutDown(): Promise<void> {
    const closed = once(admin, 'close');
    admin.close();
    apps.close();
    for (const { expiry } of context.inbound.values()) expiry.cancel();
    for (const { timers } of context.outbound.values()) for (const timer of timers) timer.cancel();
    context.dialogs.clear();
    await stack.close();
    await closed;
  }

  return {
    adminPort: typeof address === 'object' && address !== null ? address.port : 0,
    udpPort: stack.transport.udpPort,
    tcpPort: stack.transport.tcpPort,
    get activeApps() {
      return apps.size;
    },
    get activeDialogs() {
      return context.dialogs.size;
    },
    get activeTransactions() {
      return stack.transactions.active;
    },
    get pendingRequests() {
      return context.inbound.size + context.outbound.size;
    },
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer();
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PivotError(fault(softswitchCodes.cannotListen, `drachtio control port ${host}:${port}: ${reason}`), {
      cause,
    });
  }
  return server;
}

/** `tcp/HOST:PORT,udp/HOST:PORT`, for every address. */
function describe({ transport }: SipStack): string {
  const list = transport.addresses.flatMap((host) => [
    ...(transport.tcpPort === 0 ? [] : [`tcp/${bracket(host)}:${transport.tcpPort}`]),
    ...(transport.udpPort === 0 ? [] : [`udp/${bracket(host)}:${transport.udpPort}`]),
  ]);
  return list.join(',');
}
