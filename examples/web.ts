/** What all example servers share: a plain `node:http` server, and the few things that a webhook needs. Copy what you like. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

/** What Pivot has sent. */
export interface WebhookRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** As it came, before any parsing; empty for GET. */
  readonly body: string;
  /** GET: the query. POST: the form in the body. Names are like `From`, `Digits` or `Digits[order]`. */
  readonly parameters: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** One example: answers every request whose path is `path` or lies below it. */
export interface Example {
  readonly path: `/${string}`;
  readonly answer: (request: WebhookRequest) => Answer;
}

/** Answers with TwiML; `verbs` is what stands inside of `<Response>`. */
export function twiml(verbs: string): Answer {
  return { status: 200, contentType: 'text/xml', body: `<Response>${verbs}</Response>` };
}

/** Answers with Callflow JSON: one action, with what follows it among its `children`. */
export function callflow(action: object): Answer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(action) };
}

/** Anything but a document to run: Pivot takes it as a failed exchange. */
export function refuse(status: number, reason: string): Answer {
  return { status, contentType: 'text/plain', body: reason };
}

/** Text that came from outside must not become markup. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Where the manifests of the examples expect the web server. */
const DEFAULT_PORT = 8090;
/** Requests of Pivot are far smaller. */
const MAX_BODY_BYTES = 256 * 1024;

/** Serves examples. Resolves once it listens; rejects when the port is taken. `port` 0 takes a free one. */
export async function serve(
  examples: readonly Example[],
  port: number,
  host = '127.0.0.1',
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    reply(examples, request)
      .catch((error: unknown) => {
        console.error(error);
        return refuse(500, 'the example failed; see its output');
      })
      .then(({ status, contentType, body }) => {
        response.writeHead(status, { 'content-type': `${contentType}; charset=utf-8` }).end(body);
      });
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await listening;
  return { server, url: `http://${host}:${(server.address() as AddressInfo).port}` };
}

async function reply(examples: readonly Example[], incoming: IncomingMessage): Promise<Answer> {
  const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? '127.0.0.1'}`);
  const example = examples.find(({ path }) => url.pathname === path || url.pathname.startsWith(`${path}/`));
  if (example === undefined) return refuse(404, `no example has the path ${url.pathname}`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return refuse(413, 'the body is too large');
    chunks.push(chunk);
  }
  const method = incoming.method ?? 'GET';
  const body = Buffer.concat(chunks).toString('utf8');
  const isForm = incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const parameters = isForm ? new URLSearchParams(body) : url.searchParams;
  return example.answer({ method, url, headers: incoming.headers, body, parameters });
}

/**
 * The `main` of every example: `node examples/01-hello-twiml/server.ts [--port 8090] [--host 127.0.0.1]`. A taken port gives one clear
 * line and exit code 1.
 */
export async function runServer(
  examples: readonly Example[],
  args = process.argv.slice(2),
): Promise<Server | undefined> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: String(DEFAULT_PORT) },
        host: { type: 'string', default: '127.0.0.1' },
      },
    });
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
    if (!(port <= 65_535)) throw new Error(`--port must be a number from 0 to 65535, not "${values.port}"`);
    const { server, url } = await serve(examples, port, values.host);
    console.log(`web server: ${url} (${examples.map(({ path }) => path).join(' ')})`);
    return server;
  } catch (error) {
    console.error(`examples: ${explain(error)}`);
    process.exitCode = 1;
    return undefined;
  }
}

function explain(error: unknown): string {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code !== 'EADDRINUSE') return message;
  return `port ${port} of 127.0.0.1 is in use, perhaps by another "npm start"; stop what listens there first`;
}
