import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { Config } from '../../config/config';
import type { ApiBody } from '../../inference/forwarding/api-body';
import { readFormBody } from '../../inference/forwarding/form-body';
import { ForwardingService } from '../../inference/forwarding/forwarding.service';
import { readJsonBody } from '../../inference/forwarding/json-body';
import { ModelRegistry } from '../../models/registry/model-registry';
import { setLoadHeader } from '../../transport/http/load-header';
import { setLimitHeaders } from '../../transport/http/set-limit-headers';
import { SESSION_HEADER, sessionFrom, TARGET_HEADER } from '../../transport/target-headers';
import { bodyOf, contentTypeOf, mediaTypeOf } from '../http/body';
import { namedVersion } from '../http/named-version';
import { deadlineOf } from '../http/request-headers';
import { sendForwarded } from './send-forwarded';

const FORM = /^multipart\/form-data$/;

/** Headers of clients that engines receive. */
const PASSED = ['openai-beta', 'idempotency-key'];

/** Forwards requests of the OpenAI API to the engines of their models. */
@Injectable()
export class ApiForwarding {
  constructor(
    private readonly forwarding: ForwardingService,
    private readonly registry: ModelRegistry,
    private readonly config: Config,
  ) {}

  /** Whether requests to any model are forwarded. */
  get isOn(): boolean {
    return this.forwarding.forwardsAny;
  }

  /**
   * Forwards the request of `reply`, whose body is JSON, or a form if `isForm`. Rejects with a NexusError, before anything
   * is sent, like {@link ForwardingService.forward} and if the body is invalid.
   * @param path below `/v1`.
   */
  async serve(path: string, reply: FastifyReply, isForm = false): Promise<void> {
    const { request } = reply;
    const bytes = await bodyOf(request, this.config.bodyLimit, isForm ? FORM : undefined);
    if (isForm && !FORM.test(mediaTypeOf(request)))
      throw errors.invalidInput(
        `the body: expected Content-Type multipart/form-data, got '${mediaTypeOf(request).slice(0, 80)}'`,
      );
    const body = isForm ? await readFormBody(bytes, contentTypeOf(request)) : await readJsonBody(bytes);
    return this.pass(path, body, reply, isForm ? contentTypeOf(request) : 'application/json');
  }

  /**
   * Like {@link serve}, if the model of the request is one whose requests are forwarded. Resolves to false, and sends nothing,
   * if it is not, or if the body does not name a model.
   */
  async serveIfForwarded(path: string, reply: FastifyReply): Promise<boolean> {
    const { request } = reply;
    const bytes = await bodyOf(request, this.config.bodyLimit);
    const body = await readBody(bytes);
    if (body?.model === undefined) return false;
    const { model } = namedVersion(this.registry, body.model, request.caller);
    if (!request.caller.sees(model) || !this.forwarding.forwards(model)) return false;
    await this.pass(path, body, reply, 'application/json');
    return true;
  }

  private async pass(path: string, body: ApiBody, reply: FastifyReply, contentType: string): Promise<void> {
    const { request } = reply;
    const { headers, caller, raw, trace } = request;
    if (body.model === undefined)
      throw errors.invalidInput('model: expected the name of a model, got none', 'model');
    const requested = namedVersion(this.registry, body.model, caller);
    request.requested = requested;
    // Less than what decoding it would take.
    request.memory?.hold(body.byteLength);
    const forwarding = await this.forwarding.forward({
      ...requested,
      path,
      contentType,
      body,
      headers: passedOf(request),
      session: sessionFrom(headers[SESSION_HEADER]),
      deadline: deadlineOf(headers, undefined, this.config.requestTimeoutMs),
      caller,
      trace,
      abandoned: () => raw.socket.destroyed,
      limited: (standings) => (request.standings = [...(request.standings ?? []), ...standings]),
    });
    // The engine has the body, and a stream may last for minutes.
    request.body = undefined;
    request.memory?.hold(0);
    if (request.standings !== undefined) setLimitHeaders(reply, request.standings);
    setLoadHeader(reply);
    if (caller.has('admin')) reply.header(TARGET_HEADER, forwarding.target);
    return sendForwarded(reply, forwarding);
  }
}

/** undefined if the body is not valid, which the reader of the local model reports. */
async function readBody(bytes: Buffer): Promise<ApiBody | undefined> {
  try {
    return await readJsonBody(bytes);
  } catch (error) {
    if (error instanceof NexusError) return undefined;
    throw error;
  }
}

function passedOf({ id, headers }: FastifyRequest): Readonly<Record<string, string>> {
  const passed: Record<string, string> = { 'x-request-id': id };
  for (const name of PASSED) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}
