import { API_VERSION, openApiDocument, systemRoutes } from '@trunkline/api';
import { type Binding, bindPublic, SENT } from '../bind-route.js';
import { ScalarScript } from './scalar-script.js';

const SCRIPT_PATH = '/docs/scalar.js';

/** The page runs the reference and reads our document; it may reach nothing but this server. */
const PAGE_CSP = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The API reference: the document printed from the schemas, and a page to read it, both from this server alone. */
export function bindDocs(binding: Binding): void {
  const { app, deps } = binding;
  const { publicUrl } = deps.config.http;
  const script = new ScalarScript(deps.config.dataDir);

  bindPublic(binding, systemRoutes.openapi, async ({ reply }) => {
    reply.headers({ 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=60' });
    return openApiDocument({ version: API_VERSION, serverUrl: publicUrl });
  });

  bindPublic(binding, systemRoutes.docs, async ({ reply }) => {
    void reply.headers({ 'content-security-policy': PAGE_CSP }).type('text/html; charset=utf-8').send(PAGE);
    return SENT;
  });

  app.get(SCRIPT_PATH, { config: { name: 'getDocsScript' } }, async (_request, reply) => {
    reply.headers({ 'content-encoding': 'gzip', 'cache-control': 'public, max-age=86400' });
    return reply.type('text/javascript; charset=utf-8').send(await script.open());
  });
  app.get('/docs/start.js', { config: { name: 'getDocsScript' } }, async (_request, reply) => {
    return reply.type('text/javascript; charset=utf-8').send(START);
  });
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trunkline API</title>
</head>
<body>
<div id="reference"></div>
<noscript>This page needs JavaScript. The same is in <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="${SCRIPT_PATH}"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `Scalar.createApiReference('#reference', ${JSON.stringify({
  url: '/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  authentication: { preferredSecurityScheme: 'apiKey' },
  agent: { disabled: true },
  mcp: { disabled: true },
})});
`;
