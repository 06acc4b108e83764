import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';
import type { Access } from '../../identity/access';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route requires of its caller. Absent for a route that declares nothing, which then requires `admin`. */
    access?: Access;
  }
}

/**
 * Declares what an operation requires of its caller. On a class, it applies to every operation that declares nothing
 * itself.
 */
export function Requires(access: Access): ClassDecorator & MethodDecorator {
  const declare = applyDecorators(RouteConfig({ access }), ...documented(access));
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (descriptor !== undefined) {
      declared.add(descriptor.value as object);
      declare(target, key, descriptor);
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

/** The ways to send credentials in the OpenAPI document, with the scope that they need. */
export const SECURITY_SCHEMES = ['bearer', 'apiKey', 'basic'] as const;

/** In OpenAPI 3.1 the names beside a scheme are the roles that it requires; where any scope suffices there are none. */
function documented({ scopes }: Access): MethodDecorator[] {
  if (scopes.length === 0) return [ApiSecurity({})];
  const role = scopes.length > 2 ? [] : scopes.slice(0, 1);
  return SECURITY_SCHEMES.map((scheme) => ApiSecurity(scheme, role));
}
