import type { Program } from './program.ts';

/** JavaScript heap in use after a full collection, in bytes, by thread: `main`, and the name of each worker thread. */
export type HeapUse = Readonly<Record<string, number>>;

/** Options of Node for a program whose heap is to be looked at from outside, by the inspector's protocol. */
export const INSPECTED = ['--inspect=127.0.0.1:0'] as const;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string; readonly message?: string; readonly workerInfo?: { title: string } };
  readonly result?: { readonly usedSize?: number };
}

/** Collects garbage in every thread of the program and says what is left. Connects anew each time, so that nothing stays open. */
export async function heapOf(program: Program): Promise<HeapUse> {
  const [, url] = await program.line(/^Debugger listening on (ws:\S+)/);
  const socket = new WebSocket(url!);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error(`${url} cannot be connected to`)));
  });
  const sessions = new Map<string, string>();
  const waiting = new Map<number, (reply: Reply) => void>();
  let lastId = 0;
  const take = (reply: Reply): void => {
    const { method, params } = reply;
    if (method === 'NodeWorker.attachedToWorker') sessions.set(params!.sessionId!, params!.workerInfo!.title);
    else if (method === 'NodeWorker.receivedMessageFromWorker') take(JSON.parse(params!.message!) as Reply);
    else if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
  };
  socket.addEventListener('message', ({ data }) => take(JSON.parse(String(data)) as Reply));
  const ask = (method: string, params: object = {}, sessionId?: string): Promise<Reply> => {
    lastId += 1;
    const message = { id: lastId, method, params };
    const { promise, resolve } = Promise.withResolvers<Reply>();
    waiting.set(lastId, resolve);
    const toWorker = { id: -lastId, method: 'NodeWorker.sendMessageToWorker' };
    const sent =
      sessionId === undefined ? message : { ...toWorker, params: { sessionId, message: JSON.stringify(message) } };
    socket.send(JSON.stringify(sent));
    return promise;
  };
  const used = async (sessionId?: string): Promise<number> => {
    // Finalisers of the first collection free what the second collects.
    await ask('HeapProfiler.collectGarbage', {}, sessionId);
    await ask('HeapProfiler.collectGarbage', {}, sessionId);
    return (await ask('Runtime.getHeapUsage', {}, sessionId)).result?.usedSize ?? 0;
  };
  await ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
  const use: Record<string, number> = { main: await used() };
  for (const [session, title] of sessions) use[title] = await used(session);
  await ask('NodeWorker.disable');
  socket.close();
  await new Promise((resolve) => socket.addEventListener('close', resolve));
  return use;
}
