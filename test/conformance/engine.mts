import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ScriptedEngine, type EngineRequest } from '../e2e/support/scripted-engine.ts';

/*
 * Runs a scripted engine and prints its URL as a line of JSON, with the address where clients ask what it received; ends
 * when standard input does. `/arrived/<mark>` responds when a request has arrived whose body contains the mark,
 * `/left/<mark>` when the gateway has ended that request before it was answered. Both return the number of these requests,
 * and the last one.
 */
const engine = await ScriptedEngine.start();
const control = createServer(({ url }, response) => {
  const [, event, mark] = url!.split('/');
  void answer(event!, mark!, response);
});
control.listen(0, '127.0.0.1');
await once(control, 'listening');
const { port } = control.address() as AddressInfo;
console.log(JSON.stringify({ url: engine.url, control: `127.0.0.1:${port}` }));
process.stdin.resume().once('end', () => {
  control.close();
  control.closeAllConnections();
  void engine.stop();
});

async function answer(event: string, mark: string, response: ServerResponse): Promise<void> {
  const request = await arrived(mark);
  if (event === 'left') await request.left;
  const { path, headers, body } = request;
  const count = engine.requests.filter((other) => other.body.includes(mark)).length;
  response.end(JSON.stringify({ count, path, headers, body: body.toString('latin1') }));
}

async function arrived(mark: string): Promise<EngineRequest> {
  for (;;) {
    const request = engine.requests.findLast(({ body }) => body.includes(mark));
    if (request !== undefined) return request;
    await engine.next();
  }
}
