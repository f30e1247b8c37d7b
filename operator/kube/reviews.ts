import type { KubeApi } from './api.ts';
import { isRecord, type ResourceType } from './objects.ts';

const TOKEN_REVIEW: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};

const SUBJECT_ACCESS_REVIEW: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};

/** Who a token belongs to. */
export interface Identity {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** Of a pod's projected token: `authentication.kubernetes.io/pod-name`, `…/pod-uid`, `…/node-name`. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export type TokenVerdict =
  | { readonly authenticated: true; readonly identity: Identity }
  | { readonly authenticated: false; readonly reason: string };

/**
 * Asks the API server whose token it is (TokenReview). The token must have been made for one of `audiences`: a server that does not know of
 * audiences answers without any and would accept tokens made for others, so such an answer counts as a refusal (doc of `TokenReviewStatus.audiences`).
 * No `audiences` at all: the API server's own, as of the tokens that people use with kubectl.
 */
export async function reviewToken(
  api: Pick<KubeApi, 'ask'>,
  token: string,
  audiences: readonly string[],
  signal: AbortSignal,
): Promise<TokenVerdict> {
  const spec = audiences.length === 0 ? { token } : { token, audiences };
  const status = await api.ask(TOKEN_REVIEW, spec, signal);
  const user = status['user'];
  if (status['authenticated'] !== true || !isRecord(user) || typeof user['username'] !== 'string') {
    const error = status['error'];
    return {
      authenticated: false,
      reason: typeof error === 'string' && error !== '' ? error : 'the token is not valid',
    };
  }
  if (audiences.length > 0 && !texts(status['audiences']).some((audience) => audiences.includes(audience))) {
    return { authenticated: false, reason: `the token was not made for ${audiences.join(', ')}` };
  }
  const extra = isRecord(user['extra']) ? user['extra'] : {};
  return {
    authenticated: true,
    identity: {
      username: user['username'],
      uid: typeof user['uid'] === 'string' ? user['uid'] : '',
      groups: texts(user['groups']),
      extra: Object.fromEntries(Object.entries(extra).map(([name, values]) => [name, texts(values)])),
    },
  };
}

/** What somebody wants to do to which object. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Asks the API server whether `subject` may (SubjectAccessReview). */
export async function reviewAccess(
  api: Pick<KubeApi, 'ask'>,
  subject: Pick<Identity, 'username' | 'groups'>,
  access: Access,
  signal: AbortSignal,
): Promise<{ readonly allowed: boolean; readonly reason: string }> {
  const spec = { user: subject.username, groups: subject.groups, resourceAttributes: access };
  const status = await api.ask(SUBJECT_ACCESS_REVIEW, spec, signal);
  const reason = typeof status['reason'] === 'string' ? status['reason'] : '';
  return { allowed: status['allowed'] === true && status['denied'] !== true, reason };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
