import type { RequestTimes } from '../common/run-times';
import type { Trace } from '../common/trace';
import type { Servable } from '../models/model';
import { EMBEDDING_TASKS, type TaskName } from '../tasks/task-definition';

/** A request that succeeded. */
interface AnsweredInference {
  /** When it arrived, on the `performance.now()` clock. */
  readonly started: number;
  readonly times: RequestTimes & { readonly decodeMs: number; readonly encodeMs: number };
  /** The model that the request names; another one may have answered. */
  readonly model: string;
  readonly servable: Servable;
  readonly rows: number;
  /** Tokens of its texts. */
  readonly tokens: number;
}

/** Records how a request was decoded and encoded, and what it was, in its trace. */
export function traceAnswer(trace: Trace, request: AnsweredInference): void {
  const { started, times, model, servable, rows, tokens } = request;
  const ended = started + times.totalMs;
  trace.record('decode', started, started + times.decodeMs);
  trace.record('encode', ended - times.encodeMs, ended);
  trace.set({
    'nexus.request.rows': rows,
    'nexus.cache': times.cache?.outcome,
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
