import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/*
 * A target that answers from memory, so that only the cost of passing requests on is measured. Over V2 it runs `small`:
 * 784 FP32 in, 10 FP32 out. Over the OpenAI API, a chat gets as many tokens as its max_tokens, 50 a second; with 0, its
 * stream stays open without any. Prints its address.
 */
const TOKEN_MS = 20;

const tensor = (name: string, size: number) => ({ name, datatype: 'FP32', shape: [1, size] });
const head = Buffer.from(
  JSON.stringify({
    model_name: 'small',
    model_version: '1',
    outputs: [{ ...tensor('y', 10), parameters: { binary_data_size: 40 } }],
  }),
);
const inferred = Buffer.concat([head, Buffer.alloc(40)]);
const inferredHeaders = {
  'content-type': 'application/octet-stream',
  'content-length': inferred.length,
  'inference-header-content-length': head.length,
};

const DOCUMENTS: Readonly<Record<string, object>> = {
  '/v2': { name: 'upstream', version: '1', extensions: ['binary_tensor_data'] },
  '/v2/models/small': {
    name: 'small',
    versions: ['1'],
    platform: 'memory',
    inputs: [tensor('x', 784)],
    outputs: [tensor('y', 10)],
  },
  '/v2/models/small/ready': { name: 'small', ready: true },
  '/v1/models': { object: 'list', data: [{ id: 'engine', object: 'model', created: 0, owned_by: 'bench' }] },
};

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === 'GET') {
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify(DOCUMENTS[request.url!] ?? { error: 'not found' }));
  } else if (request.url === '/v1/chat/completions') {
    void chat(request, response);
  } else {
    request.resume().once('end', () => response.writeHead(200, inferredHeaders).end(inferred));
  }
});

server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

async function chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks = (await request.toArray()) as Buffer[];
  const { max_tokens: tokens } = JSON.parse(Buffer.concat(chunks).toString()) as { max_tokens: number };
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  if (tokens === 0) return;
  let sent = 0;
  const timer = setInterval(next, TOKEN_MS);
  response.once('close', () => clearInterval(timer));
  next();

  function next(): void {
    const delta = { content: ` token${sent}` };
    const event = {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'engine',
      choices: [{ index: 0, delta, finish_reason: null }],
    };
    response.write(`data: ${JSON.stringify(event)}\n\n`);
    if (++sent < tokens) return;
    clearInterval(timer);
    response.end('data: [DONE]\n\n');
  }
}
