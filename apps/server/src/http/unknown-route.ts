import { errorBody, ROUTES } from '@trunkline/api';
import type { FastifyReply, FastifyRequest } from 'fastify';

const LONGEST_PATH = 200;

const PATTERNS = ROUTES.map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+').replace('*', '.+')}/?$`),
}));

/** 405 with the methods there are when the path exists, else 404. */
export async function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const [path = ''] = request.url.split('?');
  const methods = new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
  if (methods.size > 0) {
    const message = `${request.method} is not possible here, only ${[...methods].join(' and ')}.`;
    return reply
      .code(405)
      .header('allow', [...methods].join(', '))
      .send(errorBody('METHOD_NOT_ALLOWED_ERROR', message));
  }
  const message = `No such route: ${request.method} ${path.slice(0, LONGEST_PATH)}. See /docs.`;
  return reply.code(404).send(errorBody('NOT_FOUND_ERROR', message));
}
