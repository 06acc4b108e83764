/**
 * Turns off the telemetry of ONNX Runtime 1.30. Otherwise each runner collects data in files in the temporary folder,
 * which ONNX Runtime can upload. Runners inherit the environment. A value set by the operator is kept.
 */
export function disableTelemetry(env: NodeJS.ProcessEnv = process.env): void {
  env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
