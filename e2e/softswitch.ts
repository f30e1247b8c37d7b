import { Program } from './program.ts';

/** A drachtio-server and a FreeSWITCH, as far as the softswitch stands in for them, outside of the worker's process. `HOST:PORT` each. */
export interface LoneSoftswitch {
  readonly sip: string;
  readonly drachtio: string;
  readonly freeswitch: string;
  /** Ends it at once, as a process that dies. */
  stop(): Promise<void>;
}

export async function startSoftswitch(): Promise<LoneSoftswitch> {
  const program = new Program(['tools/softswitch.ts']);
  const [, sip, drachtio, freeswitch] = await program.line(/^ready: sip (\S+) drachtio (\S+) freeswitch (\S+)$/);
  return {
    sip: sip!,
    drachtio: drachtio!,
    freeswitch: freeswitch!,
    async stop() {
      program.signal('SIGKILL');
      await program.ended;
    },
  };
}
