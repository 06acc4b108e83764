import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RestInference } from '../http/rest-inference';
import type { TaskDialect, TaskRequest } from './task-dialect';
import { TaskModels } from './task-models';

/** Serves the requests of all protocols for tasks. */
@Injectable()
export class TaskInference {
  constructor(
    private readonly inference: RestInference,
    private readonly models: TaskModels,
  ) {}

  /** Runs the model that the request of `reply` names, and sends the response. Rejects like {@link RestInference.serve}. */
  serve<Message extends TaskRequest>(dialect: TaskDialect<Message>, reply: FastifyReply): Promise<void> {
    return this.inference.serveNamed(
      dialect,
      (message) => this.models.choose(message.model, dialect.tasks, reply.request),
      reply,
    );
  }
}
