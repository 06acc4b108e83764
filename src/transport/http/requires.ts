import { applyDecorators, type Type } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';
import type { Access } from '../../identity/access';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route requires of its caller. Absent for a route that declares nothing, which then requires `admin`. */
    access?: Access;
    /** The method that implements the route. Absent for a route without a controller. */
    operation?: ControllerMethod;
  }
}

/** A method of a controller. */
export interface ControllerMethod {
  readonly controller: Type;
  readonly method: string;
}

/**
 * Declares what an operation requires of its caller. On a class, it applies to every operation that declares nothing
 * itself.
 */
export function Requires(access: Access): ClassDecorator & MethodDecorator {
  const secure = securityOf(access).map((scheme) => ApiSecurity(scheme));
  const declare = (prototype: object, method: string, descriptor: PropertyDescriptor) => {
    const operation: ControllerMethod = { controller: prototype.constructor as Type, method };
    applyDecorators(RouteConfig({ access, operation }), ...secure)(prototype, method, descriptor);
  };
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (descriptor !== undefined) {
      declared.add(descriptor.value as object);
      declare(target, String(key), descriptor);
      return;
    }
    const { prototype } = target as { readonly prototype: object };
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const own = Object.getOwnPropertyDescriptor(prototype, name)!;
      if (name !== 'constructor' && typeof own.value === 'function' && !declared.has(own.value as object))
        declare(prototype, name, own);
    }
  };
}

/** Operations that declare their access themselves. */
const declared = new WeakSet<object>();

/** The ways to send credentials in the OpenAPI document. */
const SECURITY_SCHEMES = ['bearer', 'apiKey', 'basic'];

/**
 * What an operation with `access` requires, in the OpenAPI document. In OpenAPI 3.1 the names beside a scheme are the roles
 * that it requires; where any scope suffices there are none.
 */
export function securityOf({ scopes }: Access): Record<string, string[]>[] {
  if (scopes.length === 0) return [{}];
  const role = scopes.length > 2 ? [] : scopes.slice(0, 1);
  return SECURITY_SCHEMES.map((scheme) => ({ [scheme]: role }));
}
