/** A ConsoleSnapshot of this many models, which are all alike. */
export function snapshotOf(count: number): object {
  const models = Array.from({ length: count }, (_, index) => ({
    model: `model-${String(index).padStart(4, '0')}`,
    version: '1',
    state: 'READY',
    reason: '',
    platform: 'onnxruntime_onnx',
    device: 'cpu',
    aliases: [],
    traffic: 1,
    requests_per_s: index,
    errors_per_s: 0,
    rows_per_s: index,
    queue_requests: 0,
    running: 0,
    requests: index,
    errors: {},
    restarts: 0,
    targets: [],
  }));
  const gateway = {
    version: '0.1.0',
    started: 0,
    state: 'ready',
    processes: 1,
    cpu_cores: 0,
    memory_bytes: 1,
    in_flight_bytes: 0,
    in_flight_limit_bytes: 1,
    event_loop_ms: 1,
    connections: 1,
  };
  const caller = { id: 'operator', scopes: ['read'] };
  return { time: Date.now(), caller, gateway, models, removed: [], errors: [], usage: [] };
}
