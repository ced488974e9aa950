import type { FastifyInstance } from 'fastify';
import { HttpError } from './http-error.js';

/** How bodies are read: JSON, an empty body is none, and a route that takes none does not care what was sent. */
export function readBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('remove', 'remove');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = typeof body === 'string' ? body : body.toString('utf8');
    if (text.trim() === '') done(null, undefined);
    else void parseJson(request, text, done);
  });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0 || request.routeOptions.config.takesBody !== true) done(null, undefined);
    else done(new HttpError('UNSUPPORTED_MEDIA_TYPE_ERROR', 'Send the body as application/json.'));
  });
}
