import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

/** The one kind of logger: pino, JSON lines. Fields first, then one line of plain words. */
export type Logger = PinoLogger;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Fields that never reach a log, whoever passes them. */
const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'secret',
  '*.authorization',
  '*.cookie',
  '*.password',
  '*.secret',
];

/** Makes the process's logger. Writes to standard error unless given a destination. */
export function createLogger(options: { level: LogLevel; destination?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '***' },
    },
    options.destination ?? pino.destination(2),
  );
}
