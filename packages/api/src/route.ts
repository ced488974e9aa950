import type { z } from 'zod';

/** What a key must be allowed to do. `org` is admin over the whole organisation: not for keys limited to some phones. */
export type Permission = 'public' | 'read' | 'send' | 'admin' | 'org';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** The statuses of errors that a route may answer with beside those that every route shares. */
export type ErrorStatus = 404 | 409 | 413 | 422 | 502 | 503;

/** One route of the public API. The server binds it to a handler; the OpenAPI document is printed from it. */
export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  /** Unique, also the operation id. */
  readonly name: string;
  readonly method: Method;
  /** With `:param` segments. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly permission: Permission;
  /** The phone that the call is about is named by the header `x-phone`. */
  readonly phone?: 'required';
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly bodyOptional?: boolean;
  readonly bodyExample?: unknown;
  readonly bodyLimitBytes?: number;
  readonly success: Success<Answer>;
  readonly errors?: readonly ErrorStatus[];
}

export interface Success<Answer extends z.ZodType = z.ZodType> {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  /** Absent: the answer has no JSON body. */
  readonly schema?: Answer;
  readonly example?: unknown;
  /** Other content types that the route can answer with. */
  readonly alsoTypes?: readonly string[];
}

/** Keeps the types of a route's schemas, so that its handler is checked against them. */
export function defineRoute<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
>(route: Route<Params, Query, Body, Answer>): Route<Params, Query, Body, Answer> {
  return route;
}
