import type { Log, LogFields } from '@trunkline/core';
import { type DestinationStream, type Logger, pino } from 'pino';
import { redact } from './redact.js';

export interface LogOptions {
  readonly level: string;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
}

/** A log of JSON lines on standard output, without secrets. */
export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // `redact` has described errors already.
      serializers: { err: (error: unknown) => error },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
  return new PinoLog(logger);
}

class PinoLog implements Log {
  constructor(private readonly logger: Logger) {}

  debug(message: string, fields: LogFields = {}): void {
    if (this.logger.isLevelEnabled('debug')) this.logger.debug(redact(fields), message);
  }
  info(message: string, fields: LogFields = {}): void {
    if (this.logger.isLevelEnabled('info')) this.logger.info(redact(fields), message);
  }
  warn(message: string, fields: LogFields = {}): void {
    this.logger.warn(redact(fields), message);
  }
  error(message: string, fields: LogFields = {}): void {
    this.logger.error(redact(fields), message);
  }
  child(fields: LogFields): Log {
    return new PinoLog(this.logger.child(redact(fields) as LogFields));
  }
}
