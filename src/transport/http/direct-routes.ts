import { RESPONSE_PASSTHROUGH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { Type } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { INFER } from '../../identity/access';
import type { ControllerMethod } from './requires';

type Argument = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Nest's metadata of the parameters of an operation. A key starts with the kind of decorator; `index` is the position. */
type Parameters = Readonly<Record<string, { readonly index: number; readonly data?: string }>>;

/**
 * Makes `server` call the operations of inference directly. Nest would pass each request through guards, pipes and
 * interceptors, which inference has none of. Operations that let Nest write the response are not affected.
 *
 * @param instanceOf the instance of a controller.
 */
export function callInferenceDirectly(
  server: FastifyInstance,
  instanceOf: (controller: Type) => object,
): void {
  server.addHook('onRoute', (route) => {
    const { access, operation } = route.config ?? {};
    if (access !== INFER || operation === undefined) return;
    const args = argumentsOf(operation);
    if (args === undefined) return;
    const controller = instanceOf(operation.controller) as Record<string, Operator>;
    const call = controller[operation.method]!.bind(controller);
    const [first, second, third] = args;
    // Avoids an array of arguments for each request.
    route.handler = (request, reply) =>
      hasEmptyParameter(request)
        ? reply.callNotFound()
        : call(first?.(request, reply), second?.(request, reply), third?.(request, reply));
  });
}

/** Whether a segment of the path is empty. As in Nest, such a path does not exist. */
function hasEmptyParameter({ params }: FastifyRequest): boolean {
  for (const name in params as Readonly<Record<string, string>>)
    if ((params as Readonly<Record<string, string>>)[name] === '') return true;
  return false;
}

type Operator = (...args: readonly unknown[]) => unknown;

/** How to obtain the arguments of `operation` from a request; undefined if only Nest can. */
function argumentsOf({ controller, method }: ControllerMethod): readonly Argument[] | undefined {
  if (Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, method) === true) return undefined;
  const declared = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) as Parameters | undefined;
  const args: Argument[] = [];
  let writesResponse = false;
  for (const [key, { index, data }] of Object.entries(declared ?? {})) {
    const kind: RouteParamtypes = Number(key.split(':', 1)[0]);
    const argument = argumentOf(kind, data);
    if (argument === undefined) return undefined;
    writesResponse ||= kind === RouteParamtypes.RESPONSE;
    args[index] = argument;
  }
  return writesResponse && args.length <= 3 ? args : undefined;
}

function argumentOf(kind: RouteParamtypes, name: string | undefined): Argument | undefined {
  if (kind === RouteParamtypes.RESPONSE) return (_request, reply) => reply;
  if (kind === RouteParamtypes.REQUEST) return (request) => request;
  if (kind !== RouteParamtypes.PARAM || name === undefined) return undefined;
  return ({ params }) => (params as Readonly<Record<string, string>>)[name];
}
