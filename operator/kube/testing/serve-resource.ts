import type { ServerResponse } from 'node:http';
import type { AnyObject } from '../objects.ts';
import { answer, type SeenRequest, status } from './behaviour.ts';
import type { ObjectHistory } from './object-history.ts';

/** What a request is about, by its path. */
export interface Target {
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Serves everything but watches, with as much of the API's behaviour as the code under test relies on. */
export function serveResource(request: SeenRequest, response: ServerResponse, target: Target, history: ObjectHistory) {
  const { namespace, name } = target;
  const key = namespace === undefined ? (name ?? '') : `${namespace}/${name}`;
  const current = name === undefined ? undefined : history.objects.get(key);
  const refuse = (code: number, reason: string, message: string) =>
    answer(response, code, status(code, reason, message, { name: name ?? '', kind: target.plural }));
  const body = request.body as AnyObject;
  switch (request.method) {
    case 'GET':
      if (name === undefined) return list(request, response, target, history);
      return current === undefined ? refuse(404, 'NotFound', `${key} not found`) : answer(response, 200, current);
    case 'POST': {
      const made = namespace === undefined ? body.metadata.name : `${namespace}/${body.metadata.name}`;
      if (history.objects.has(made)) return refuse(409, 'AlreadyExists', `${made} already exists`);
      return answer(response, 201, history.put(body));
    }
    case 'PUT': {
      if (current === undefined) return refuse(404, 'NotFound', `${key} not found`);
      const version = body.metadata.resourceVersion;
      if (version !== undefined && version !== current.metadata.resourceVersion) {
        return refuse(409, 'Conflict', 'the object has been modified');
      }
      return answer(response, 200, history.put(body));
    }
    case 'PATCH': {
      if (current === undefined && target.subresource !== undefined) return refuse(404, 'NotFound', `${key} not found`);
      const { uid } = body.metadata;
      if (uid !== undefined && uid !== current?.metadata.uid)
        return refuse(409, 'Conflict', 'Precondition failed: UID');
      return answer(response, 200, apply(body, current, target, history));
    }
    case 'DELETE':
      if (current === undefined) return refuse(404, 'NotFound', `${key} not found`);
      history.remove(key);
      return answer(response, 200, { kind: 'Status', apiVersion: 'v1', status: 'Success' });
    default:
      return refuse(405, 'MethodNotAllowed', request.method);
  }
}

/** An apply that changes nothing leaves the version as it is, as the real server does (measured). One field manager, no merging of others' fields. */
function apply(body: AnyObject, current: AnyObject | undefined, target: Target, history: ObjectHistory): AnyObject {
  const next: AnyObject =
    target.subresource === 'status' && current !== undefined
      ? { ...current, status: body['status'] }
      : { ...body, status: current?.['status'] };
  if (current !== undefined && JSON.stringify(next['status']) === JSON.stringify(current['status'])) {
    if (target.subresource === 'status') return current;
  }
  return history.put(next);
}

/** Pages carry the version of their list and where to go on; a token whose list is compacted has expired. */
function list(request: SeenRequest, response: ServerResponse, target: Target, history: ObjectHistory) {
  const { query } = request;
  const [versionOfToken, offset] = (query.get('continue') ?? '').split(':').map(Number);
  const token = query.has('continue');
  if (token && query.has('resourceVersion')) {
    return answer(
      response,
      400,
      status(400, 'BadRequest', 'specifying resource version is not allowed when using continue'),
    );
  }
  if (token && versionOfToken! < history.compacted) {
    return answer(response, 410, status(410, 'Expired', 'The provided continue parameter is too old'));
  }
  const cached = query.get('resourceVersion') === '0' ? history.cacheLag : 0;
  const version = token ? versionOfToken! : Math.max(history.version - cached, history.oldest);
  const all = [...history.at(version).values()].filter(
    ({ metadata }) => target.namespace === undefined || metadata.namespace === target.namespace,
  );
  const from = token ? offset! : 0;
  const limit = query.has('limit') ? Number(query.get('limit')) : all.length;
  const items = all.slice(from, from + limit);
  const more = from + limit < all.length ? { continue: `${version}:${from + limit}` } : {};
  answer(response, 200, {
    kind: 'List',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(version), ...more },
    items,
  });
}
