import { describe, expect, it } from 'vitest';
import { ErrorBody } from './error-body.js';
import { openApiDocument } from './openapi.js';
import { ROUTES } from './routes.js';

interface Operation {
  operationId: string;
  security: unknown[];
  parameters: { name: string; in: string; required: boolean }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
  responses: Record<string, { content?: Record<string, { example?: unknown }> }>;
}

const document = openApiDocument({ version: '0.1.0', serverUrl: 'http://localhost:8080' });
const paths = document.paths as Record<string, Record<string, Operation>>;
const operations = Object.values(paths).flatMap((path) => Object.values(path));

describe('the OpenAPI document', () => {
  it('holds every route once', () => {
    expect(operations).toHaveLength(ROUTES.length);
    expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(ROUTES.length);
  });

  it('points only at components that exist', () => {
    const text = JSON.stringify(document);
    const known = Object.keys((document.components as { schemas: object }).schemas);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) expect(known).toContain(name);
    expect(text).not.toContain('$defs');
    expect(text).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });

  it('tells authentication and errors of every route', () => {
    for (const operation of operations) {
      const isPublic = operation.security.length === 0;
      expect(Object.hasOwn(operation.responses, '401'), operation.operationId).toBe(!isPublic);
      expect(Object.hasOwn(operation.responses, '500')).toBe(true);
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        expect(ErrorBody.parse(response.content?.['application/json']?.example).status).toBe(Number(status));
      }
    }
  });

  it('names every path parameter', () => {
    for (const [path, methods] of Object.entries(paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const operation of Object.values(methods)) {
        expect(operation.parameters.filter((p) => p.in === 'path').map((p) => p.name)).toEqual(inPath);
      }
    }
  });

  it('keeps properties that are called id', () => {
    expect(JSON.stringify(document)).toContain('"properties":{"id":{"type":"string"}');
  });
});

describe('examples', () => {
  for (const route of ROUTES) {
    it(`of ${route.name} satisfy their schemas`, () => {
      if (route.body) expect(route.body.safeParse(route.bodyExample).error).toBeUndefined();
      if (route.success.schema && route.success.example !== undefined) {
        expect(route.success.schema.safeParse(route.success.example).error).toBeUndefined();
      }
    });
  }

  it('show the keys of a phone in the order of the contract', () => {
    const info = ROUTES.find((route) => route.name === 'getPhone');
    expect(Object.keys(info?.success.example as object).slice(0, 14)).toEqual([
      'org_id',
      'org_phone',
      'created_at',
      'updated_at',
      'wa_state',
      'phone_id',
      'qr_code',
      'phone_image',
      'phone_name',
      'first_connected_at',
      'is_ready',
      'label_ids',
      'labels',
      'is_browser_open',
    ]);
  });
});
