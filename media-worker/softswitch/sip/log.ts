export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where the softswitch reports; absent means silence. */
export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;
