import type { Core } from '../core.ts';

/** An api command: its output, with the trailing LF where FreeSWITCH's has one. */
export interface Api {
  readonly name: string;
  run(core: Core, args: string): string | Promise<string>;
}

export const NO_CHANNEL = '-ERR No such channel!\n';
export const OK = '+OK\n';
