import { createClient } from '@redis/client';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { storeCodes } from '../../crds/errors/store.ts';
import type { Logger } from '../../runtime/log.ts';
import type { SharedStore } from './store.ts';

export interface RedisStoreOptions {
  /** `redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]`, or `rediss://` for TLS. */
  readonly url: string;
  readonly log: Logger;
  /** Before every key and channel, so that releases may share a server. Default `pivot:`. */
  readonly prefix?: string;
}

/** A command that is not answered in this time has failed. */
const ANSWER_WITHIN_MS = 2000;
const RECONNECT_FIRST_MS = 100;
const RECONNECT_MOST_MS = 5000;
/** Commands that wait while the connection is away. */
const MOST_WAITING = 1000;

const COMPARE_AND_SET = `
local now = redis.call('GET', KEYS[1])
if ARGV[1] == '1' then
  if now ~= ARGV[2] then return 0 end
elseif now then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
return 1`;

const APPEND = `
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  redis.call('ZADD', KEYS[1], (tonumber(last[2]) or 0) + 1, ARGV[1])
end
return redis.call('ZRANK', KEYS[1], ARGV[1]) + 1`;

/** A store in Redis or Valkey. Connects by itself, again and again; until then its operations reject. */
export function createRedisStore({ url, log, prefix = 'pivot:' }: RedisStoreOptions): SharedStore {
  const client = createClient({
    url,
    commandsQueueMaxLength: MOST_WAITING,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: (attempts) => Math.min(RECONNECT_FIRST_MS * 2 ** attempts, RECONNECT_MOST_MS) },
  });
  const subscriber = client.duplicate({ disableOfflineQueue: false });
  const address = new URL(url).host;
  const closed = new AbortController();
  let said = false;
  client.on('error', (error: Error) => {
    if (said || closed.signal.aborted) return;
    said = true;
    log.error({ code: storeCodes.unreachable.code, address, reason: error.message }, 'the shared store is away');
  });
  client.on('ready', () => {
    said = false;
    log.info({ address }, 'connected to the shared store');
  });
  // The client says the same.
  subscriber.on('error', () => {});
  for (const each of [client, subscriber]) each.connect().catch(() => {});

  const ask = async <T>(command: Promise<T>): Promise<T> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)),
      ANSWER_WITHIN_MS,
    );
    try {
      return await Promise.race([command, late.promise]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new PivotError(fault(storeCodes.unreachable, `The store at ${address}: ${reason}`), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
  const named = (key: string): string => `${prefix}${key}`;
  const place = async (list: string, member: string): Promise<number | undefined> => {
    const rank = await ask(client.zRank(named(list), member));
    return rank === null ? undefined : rank + 1;
  };

  return {
    get connected() {
      return client.isReady;
    },
    async get(key) {
      return (await ask(client.get(named(key)))) ?? undefined;
    },
    async set(key, value, ttlMs) {
      await ask(
        client.set(named(key), value, ttlMs === undefined ? {} : { expiration: { type: 'PX', value: wholeMs(ttlMs) } }),
      );
    },
    async compareAndSet(key, expected, value, ttlMs) {
      const answer = await ask(
        client.eval(COMPARE_AND_SET, {
          keys: [named(key)],
          arguments: [
            expected === undefined ? '0' : '1',
            expected ?? '',
            value === undefined ? '0' : '1',
            value ?? '',
            ttlMs === undefined ? '' : String(wholeMs(ttlMs)),
          ],
        }),
      );
      return answer === 1;
    },
    async delete(key) {
      await ask(client.del(named(key)));
    },
    async expire(key, ttlMs) {
      return (await ask(client.pExpire(named(key), wholeMs(ttlMs)))) === 1;
    },
    async append(list, member) {
      return Number(await ask(client.eval(APPEND, { keys: [named(list)], arguments: [member] })));
    },
    async place(list, member, score) {
      await ask(client.zAdd(named(list), { value: member, score }));
    },
    async remove(list, member) {
      return (await ask(client.zRem(named(list), member))) === 1;
    },
    async takeFirst(list) {
      return (await ask(client.zPopMin(named(list))))?.value;
    },
    position: place,
    async members(list) {
      return ask(client.zRange(named(list), 0, -1));
    },
    async size(list) {
      return ask(client.zCard(named(list)));
    },
    async publish(channel, message) {
      await ask(client.publish(named(channel), message));
    },
    async subscribe(channel, listener, signal) {
      if (signal.aborted) return;
      const heard = (message: string): void => {
        if (!signal.aborted) listener(message);
      };
      const leave = (): void => {
        if (!closed.signal.aborted) subscriber.unsubscribe(named(channel), heard).catch(() => {});
      };
      signal.addEventListener('abort', leave, { once: true });
      await ask(subscriber.subscribe(named(channel), heard));
    },
    async close() {
      closed.abort();
      client.destroy();
      subscriber.destroy();
    },
  };
}

/** What Redis takes as time to live. */
function wholeMs(ms: number): number {
  return Math.max(1, Math.round(ms));
}
