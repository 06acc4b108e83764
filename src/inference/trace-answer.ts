import type { Trace } from '../common/trace';
import type { Servable } from '../models/model';
import type { TaskName } from '../tasks/task-definition';
import { EMBEDDING_TASKS } from '../tasks/task-definition';
import type { CachedResult } from './cache/version-cache';

/** A request that succeeded. Times are on the `performance.now()` clock. */
interface AnsweredInference {
  readonly started: number;
  readonly decoded: number;
  readonly inferred: number;
  readonly ended: number;
  /** The model that the request names; another one may have answered. */
  readonly model: string;
  readonly servable: Servable;
  readonly result: CachedResult;
  readonly rows: number;
  /** Tokens of its texts. */
  readonly tokens: number;
}

/** Records how a request was decoded and encoded, and what it was, in its trace. */
export function traceAnswer(trace: Trace, request: AnsweredInference): void {
  const { started, decoded, inferred, ended, model, servable, result, rows, tokens } = request;
  trace.record('decode', started, decoded);
  trace.record('encode', inferred, ended);
  trace.set({
    'nexus.request.rows': rows,
    'nexus.cache': result.cache?.outcome,
    'nexus.fallback.from': servable.name === model ? undefined : model,
  });
  const { task } = servable.signature;
  if (task?.text === undefined) return;
  trace.set({
    'gen_ai.operation.name': operationOf(task.name),
    'gen_ai.provider.name': 'nexus',
    'gen_ai.request.model': model,
    'gen_ai.response.model': servable.name,
    'gen_ai.usage.input_tokens': tokens,
  });
}

/** The name of the conventions of OpenTelemetry, which name only embeddings; others keep the name of their task. */
function operationOf(task: TaskName): string {
  return EMBEDDING_TASKS.includes(task) || task === 'sparse_embedding' ? 'embeddings' : task;
}
