/**
 * The environment of processes that execute models: without the settings of the gateway and its traces, which contain keys
 * and passwords.
 * Runners read none of them. ONNX Runtime and CUDA have variables of their own.
 */
export function runnerEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^((NEXUS|OTEL|AWS|GOOGLE)_|HF_TOKEN$)/.test(name)),
  );
}
