import { z } from 'zod';
import { ErrorBody, type ErrorCode, errorBody, validationBody } from './error-body.js';
import type { ErrorStatus, Route } from './route.js';
import { ROUTES } from './routes.js';

/** Of this API and of the server; raised with each release. */
export const API_VERSION = '0.1.0';

type Json = Record<string, unknown>;

const PHONE_HEADER = {
  name: 'x-phone',
  in: 'header',
  required: true,
  description: 'The phone: its number (`918527184400`, `+918527184400`, `918527184400@c.us`) or its `phone_id`.',
  schema: { type: 'string' },
  examples: { number: { value: '918527184400' }, id: { value: 'phone-bqzvyibhmwkaergr' } },
};

const ERROR_CODES: Readonly<Record<401 | 429 | 500 | ErrorStatus, readonly [ErrorCode, string]>> = {
  401: ['UNAUTHORIZED_ERROR', 'Invalid bearer auth token'],
  404: ['NOT_FOUND_ERROR', 'Phone not found'],
  409: ['PHONE_NOT_CONNECTED', 'The phone is not connected. Wait until it is, or restart it.'],
  413: ['PAYLOAD_TOO_LARGE_ERROR', 'The body is too large.'],
  422: ['VALIDATION_ERROR', 'Missing Header: {x-phone}'],
  429: ['RATE_LIMIT_ERROR', 'You can only make 100 requests per second'],
  500: ['UNKNOWN_ERROR', 'Internal server error'],
  502: ['WHATSAPP_REFUSED', 'WhatsApp refused the change.'],
  503: ['UNAVAILABLE_ERROR', 'The sandbox does not answer. Try again in a moment.'],
};

/** Prints the OpenAPI 3.1 document of all routes. */
export function openApiDocument(input: { version: string; serverUrl: string }): Json {
  const schemas = new SchemaBook();
  const paths: Record<string, Json> = {};
  for (const route of ROUTES) {
    const path = route.path.replace(/:(\w+)/g, '{$1}').replace('*', '{path}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  schemas.of(ErrorBody, 'output');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Trunkline',
      version: input.version,
      description:
        'A self-hosted server for the WhatsApp phones of an organisation.\n\nEvents are emitted by socket.io at the root of ' +
        'this server: authenticate with the same headers, listen for the event name; the first argument is the bare object, ' +
        'the second `{id, sequence, timestamp}`. With `x-phone` only events of that phone come. Phones fire ' +
        '`org.phone.connected`, `org.phone.disconnected`, `org.phone.qr` and `org.phone.updated`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: input.serverUrl }],
    tags: [...new Set(ROUTES.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key.' } },
      schemas: schemas.all(),
    },
  };
}

function operation(route: Route, schemas: SchemaBook): Json {
  const isPublic = route.permission === 'public';
  const statuses = new Set<keyof typeof ERROR_CODES>(route.errors ?? []);
  if (!isPublic) for (const status of [401, 429] as const) statuses.add(status);
  if (route.phone === 'required') for (const status of [404, 422] as const) statuses.add(status);
  if (route.body) statuses.add(422).add(413);
  statuses.add(500);
  return {
    operationId: route.name,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, isPublic ? '' : `Needs a key with the permission \`${route.permission}\`.`]
      .filter(Boolean)
      .join('\n\n'),
    security: isPublic ? [] : [{ apiKey: [] }],
    parameters: [
      ...(route.phone === 'required' ? [PHONE_HEADER] : []),
      ...parameters(route.params, 'path', schemas),
      ...parameters(route.query, 'query', schemas),
    ],
    ...(route.body && {
      requestBody: {
        required: route.bodyOptional !== true,
        content: {
          'application/json': { schema: schemas.of(route.body, 'input'), example: route.bodyExample },
        },
      },
    }),
    responses: {
      [route.success.status]: success(route, schemas),
      ...Object.fromEntries([...statuses].sort((a, b) => a - b).map((status) => [status, failure(status, route)])),
    },
  };
}

function success(route: Route, schemas: SchemaBook): Json {
  const { description, schema, example, alsoTypes = [] } = route.success;
  const content: Json = {};
  if (schema) content['application/json'] = { schema: schemas.of(schema, 'output'), ...(example ? { example } : {}) };
  for (const type of alsoTypes) content[type] = {};
  return { description, ...(Object.keys(content).length > 0 && { content }) };
}

function failure(status: keyof typeof ERROR_CODES, route: Route): Json {
  const [code, message] = ERROR_CODES[status];
  const missing = route.phone === 'required' ? { 'x-phone': { message: 'Name the phone by number or phone_id.' } } : {};
  const example =
    status === 422
      ? validationBody(route.phone === 'required' ? message : 'Invalid body', missing)
      : errorBody(code, message);
  return {
    description: code,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' }, example } },
  };
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query', schemas: SchemaBook): Json[] {
  if (schema === undefined) return [];
  const object = schemas.of(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(object.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name: name === '*' ? 'path' : name,
    in: place,
    required: place === 'path' || (object.required ?? []).includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

/** Collects the named schemas while routes refer to them. */
class SchemaBook {
  readonly #named = new Map<string, Json>();

  of(schema: z.ZodType, io: 'input' | 'output'): Json {
    const {
      $schema: _,
      $defs,
      ...rest
    } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & {
      $defs?: Record<string, Json>;
    };
    for (const [name, definition] of Object.entries($defs ?? {})) this.#named.set(name, tidy(definition) as Json);
    const id = z.globalRegistry.get(schema)?.id;
    if (id === undefined) return tidy(rest) as Json;
    this.#named.set(id, tidy(rest) as Json);
    return { $ref: `#/components/schemas/${id}` };
  }

  all(): Json {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

const SAFE = Number.MAX_SAFE_INTEGER;

/** Points references at the components and drops the bounds that every whole number has. */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, inner]) =>
          !(key === 'id' && typeof inner === 'string') &&
          !(key === 'maximum' && inner === SAFE) &&
          !(key === 'minimum' && inner === -SAFE),
      )
      .map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : tidy(inner),
      ]),
  );
}
