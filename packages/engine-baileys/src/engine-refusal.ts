import { EngineRefused } from '@trunkline/core';
import { mask } from './library-log.js';

/** The library reports an error answer of WhatsApp as an error with the code in `data`. */
export function asRefusal(error: unknown): EngineRefused {
  if (error instanceof EngineRefused) return error;
  const message = error instanceof Error ? mask(error.message) : 'no reason given';
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'data') : null;
  return new EngineRefused(`WhatsApp refused: ${message}`, 'on-wire', typeof code === 'number' ? code : null);
}
