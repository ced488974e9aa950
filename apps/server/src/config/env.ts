/** Reads the environment and collects every mistake, so that a person corrects all of them at once. */
export class EnvReader {
  readonly mistakes: string[] = [];
  readonly warnings: string[] = [];
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  /** The value, without blanks around it; an empty variable counts as absent. */
  text(name: string): string | null {
    const value = this.#env[name]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  has(name: string): boolean {
    return this.text(name) !== null;
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name);
    if (value === null) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    return this.wrong(`${name} must be ${list(choices)}, not ${quoted(value)}.`, fallback);
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    return this.wrong(`${name} must be a whole number from ${min} to ${max}, not ${quoted(value)}.`, fallback);
  }

  /** An absolute URL of one of the protocols. */
  url(name: string, protocols: readonly string[]): URL | null {
    const value = this.text(name);
    if (value === null) return null;
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url !== null && protocols.includes(url.protocol)) return url;
    // Not quoted: a URL may hold a password.
    return this.wrong(`${name} must be a URL that starts with ${list(protocols.map((p) => `${p}//`))}.`, null);
  }

  items(name: string): string[] {
    const value = this.text(name) ?? '';
    return value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  wrong<T>(sentence: string, fallback: T): T {
    this.mistakes.push(sentence);
    return fallback;
  }

  warn(sentence: string): void {
    this.warnings.push(sentence);
  }

  /** Names that start like ours but are none of ours: almost always a typing mistake. */
  unknown(prefix: string, known: readonly string[]): string[] {
    return Object.keys(this.#env).filter((name) => name.startsWith(prefix) && !known.includes(name));
  }
}

function list(values: readonly string[]): string {
  const last = values.at(-1) ?? '';
  return values.length < 2 ? last : `${values.slice(0, -1).join(', ')} or ${last}`;
}

function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
