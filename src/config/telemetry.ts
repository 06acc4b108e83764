/**
 * Turns off what ONNX Runtime 1.30 would otherwise collect in each runner, in files of the temporary folder that it can
 * upload. Runners inherit the environment; an operator's own setting stays.
 */
export function disableTelemetry(env: NodeJS.ProcessEnv = process.env): void {
  env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
