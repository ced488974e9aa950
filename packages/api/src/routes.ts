import { keyRoutes } from './key-routes.js';
import { phoneRoutes } from './phone-routes.js';
import type { Route } from './route.js';
import { sandboxRoutes } from './sandbox-routes.js';
import { systemRoutes } from './system-routes.js';

/** Every route of the server. A route that is not here does not exist: tests and the document are made from this list. */
export const ROUTES: readonly Route[] = [
  ...Object.values(phoneRoutes),
  ...Object.values(keyRoutes),
  ...Object.values(sandboxRoutes),
  ...Object.values(systemRoutes),
];
