import type { Trace } from '../../common/trace';
import type { Servable } from '../../models/model';

/** The name of each operation in the conventions of OpenTelemetry for generative models, by path below `/v1`. */
const OPERATIONS: Readonly<Record<string, string>> = {
  '/chat/completions': 'chat',
  '/responses': 'chat',
  '/completions': 'text_completion',
  '/embeddings': 'embeddings',
};

/** Sets what a request of the OpenAI API is, in its trace. The tokens follow at its end. @param model as the request names it. */
export function traceForwarding(
  trace: Trace,
  { name, version }: Servable,
  model: string,
  path: string,
): void {
  trace.serve(name, version);
  trace.set({
    'gen_ai.operation.name': OPERATIONS[path] ?? path.slice(1).replaceAll('/', '_'),
    'gen_ai.provider.name': 'nexus',
    'gen_ai.request.model': model,
    'gen_ai.response.model': name,
    'nexus.fallback.from': name === model ? undefined : model,
  });
}
