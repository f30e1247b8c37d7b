/** Redirects followed in one request, after which it fails (fetch allows 20, Kazoo's client 5). */
export const MAX_REDIRECTS = 5;

const STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export type Method = 'GET' | 'POST' | 'PUT' | 'HEAD' | 'DELETE' | 'PATCH';

export function isRedirect(status: number): boolean {
  return STATUSES.has(status);
}

/**
 * The method after a redirect. 307 and 308 repeat method and body (RFC 9110 15.4.8, 15.4.9); after the others everything but HEAD
 * becomes a GET without a body, as Kazoo's client and browsers do for POST.
 */
export function redirectedMethod(
  status: number,
  method: Method,
): { readonly method: Method; readonly keepBody: boolean } {
  if (status === 307 || status === 308) return { method, keepBody: true };
  return { method: method === 'HEAD' ? 'HEAD' : 'GET', keepBody: false };
}
