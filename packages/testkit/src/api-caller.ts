/** Plain HTTP against the public API, as curl would do it. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export class ApiCaller {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** The body is parsed as JSON when there is one, else null. */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    more: { phone?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(more.phone !== undefined && { 'x-phone': more.phone }),
        ...(more.body !== undefined && { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(more.body !== undefined && { body: JSON.stringify(more.body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : null) as T };
  }

  /** Like `call`, and fails on any other status than a 2xx. */
  async must<T = Record<string, unknown>>(...input: Parameters<ApiCaller['call']>): Promise<T> {
    const answer = await this.call<T>(...input);
    if (answer.status >= 300) {
      throw new Error(`${input[0]} ${input[1]} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }
}
