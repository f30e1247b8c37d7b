import { readdirSync, readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

const FOLDER = new URL('../page/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Nothing from elsewhere, nothing inline, no frames; `script` can be made of files of ours alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // The files change with the program, whose version their names do not have.
  'cache-control': 'no-cache',
};

/** The page at `/`, and its files. They are read once: what is served cannot be another file. */
export function registerPage(server: FastifyInstance): void {
  const files = readdirSync(FOLDER).filter((name) => extension(name) in TYPES && !name.includes('.test.'));
  for (const name of files) {
    const content = readFileSync(new URL(name, FOLDER));
    const headers = { ...HEADERS, 'content-type': TYPES[extension(name)] ?? '' };
    server.get(name === 'index.html' ? '/' : `/page/${name}`, async (_request, reply) =>
      reply.headers(headers).send(content),
    );
  }
}

function extension(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
