import type { Permission } from '@trunkline/api';
import type { KeyScope } from '@trunkline/core';
import { HttpError } from '../http-error.js';

/** Whether a key may do what a route needs. `admin` includes the rest; `org` also needs every phone. */
export function isPermitted(scope: KeyScope, permission: Permission): boolean {
  switch (permission) {
    case 'public':
      return true;
    case 'read':
      return scope.read || scope.admin;
    case 'send':
      return scope.send || scope.admin;
    case 'admin':
      return scope.admin;
    case 'org':
      return scope.admin && scope.phones === null;
  }
}

export function mayUsePhone(scope: KeyScope, phoneId: string): boolean {
  return scope.phones === null || scope.phones.includes(phoneId);
}

export function requirePermission(scope: KeyScope, permission: Permission): void {
  if (isPermitted(scope, permission)) return;
  const needs =
    permission === 'org' ? 'admin permission for every phone of the organisation' : `the permission "${permission}"`;
  throw new HttpError('UNAUTHORIZED_ERROR', `This API key may not do this: it needs ${needs}.`);
}
