/** Reads the fields of a request body, collecting what is wrong with them so that a caller sees everything at once. */
import { ControlError, type FieldErrors } from './control-error.js';

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(;base64)?,/;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export class Body {
  readonly #errors: FieldErrors = {};
  readonly #values: Record<string, unknown>;

  constructor(values: unknown) {
    if (!isRecord(values)) throw new ControlError('VALIDATION_ERROR', 'The body must be a JSON object.', {});
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  /** Fields not named, as text; for open-ended attributes. */
  rest(known: readonly string[]): Record<string, string> {
    const others = Object.entries(this.#values).filter(([name, value]) => !known.includes(name) && value !== null);
    return Object.fromEntries(others.map(([name, value]) => [name, String(value)]));
  }

  /** A text that must be there and not be empty. */
  text(name: string): string {
    const value = this.#values[name];
    if (typeof value === 'string' && value !== '') return value;
    return this.#wrong(name, `${name} must be a text and not empty`, '');
  }

  optionalText(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#values[name];
    return typeof value === 'string' ? value : this.#wrong(name, `${name} must be a text`, undefined);
  }

  /** A text out of a list; the first is the default when it is missing. */
  choice<T extends string>(name: string, options: readonly [T, ...T[]]): T {
    if (!this.has(name)) return options[0];
    const found = options.find((option) => option === this.#values[name]);
    return found ?? this.#wrong(name, `${name} must be one of: ${options.join(', ')}`, options[0]);
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    if (value === undefined || value === null || typeof value === 'boolean') return value === true;
    return this.#wrong(name, `${name} must be true or false`, false);
  }

  /** A whole number not below zero; digits in quotes count as one. */
  optionalCount(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = Number(this.#values[name]);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    return this.#wrong(name, `${name} must be a whole number, zero or more`, undefined);
  }

  count(name: string): number {
    return this.optionalCount(name) ?? this.#wrong(name, `${name} must be a whole number, zero or more`, 0);
  }

  /** Digits of a phone number, with or without plus sign and spaces. */
  number(name: string): string {
    const value = this.#values[name];
    const digits = (typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '').replace(
      /[\s+()-]/g,
      '',
    );
    if (/^\d{5,15}$/.test(digits)) return digits;
    return this.#wrong(name, `${name} must be a phone number of 5 to 15 digits with country code`, '');
  }

  texts(name: string): string[] {
    const value = this.#values[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    return this.#wrong(name, `${name} must be a list of texts`, []);
  }

  /** Bytes given as a data URL or as plain base64; null clears. */
  bytesOrNull(name: string): Buffer | null | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null) return value;
    if (typeof value !== 'string') return this.#wrong(name, `${name} must be a data URL or base64`, undefined);
    const data = Buffer.from(value.replace(DATA_URL, ''), 'base64');
    return data.length > 0 ? data : this.#wrong(name, `${name} must be a data URL or base64`, undefined);
  }

  object(name: string): Body | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    return isRecord(value) ? new Body(value) : this.#wrong(name, `${name} must be an object`, undefined);
  }

  /** Notes a problem with a field. */
  refuse(name: string, message: string): void {
    this.#errors[name] = { message };
  }

  /** Throws when anything read so far was wrong; call before acting. */
  check(): void {
    const messages = Object.values(this.#errors).map((error) => error.message);
    if (messages.length > 0) throw new ControlError('VALIDATION_ERROR', messages.join('; '), this.#errors);
  }

  #wrong<T>(name: string, message: string, fallback: T): T {
    this.refuse(name, message);
    return fallback;
  }
}
