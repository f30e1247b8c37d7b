import { cliCodes } from '../crds/errors/cli.ts';
import { fault, PivotError } from '../crds/errors/fault.ts';
import type { HostPort } from './options.ts';

/** Listens by `listen`; an address that cannot be had becomes a fault that names the option. */
export async function listening<T>(option: string, { host, port }: HostPort, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new PivotError(
        fault(cliCodes.portInUse, `${host}:${port} is in use; choose another address with ${option}`),
      );
    }
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') {
      throw new PivotError(
        fault(cliCodes.addressUnusable, `${host}:${port} cannot be listened on (${code}); see ${option}`),
      );
    }
    throw error;
  }
}
