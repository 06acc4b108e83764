import { deepStrictEqual as equal, ok, rejects } from 'node:assert';
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { runChecks } from './checks.mjs';

/* OpenAI's client for Node: embeddings. Arguments: the address of HTTP, and a key. */

const [url, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `http://${url}/v1`, apiKey, maxRetries: 0 });
const TEXTS = ['the cat sleeps', 'a good dog'];
const embed = (more = {}) => client.embeddings.create({ model: 'sentences', input: TEXTS, ...more });

await runChecks({
  async 'embeds, with base64 that the client asks for by itself'() {
    const byDefault = await embed();
    const floats = await embed({ encoding_format: 'float' });
    equal(
      byDefault.data.map(({ embedding }) => embedding.length),
      [32, 32],
    );
    equal(
      byDefault.data.map(({ embedding }) => embedding.map(Math.fround)),
      floats.data.map(({ embedding }) => embedding.map(Math.fround)),
    );
    ok(byDefault.usage.total_tokens > 0);
  },
  async 'cuts embeddings'() {
    const { data } = await embed({ dimensions: 4 });
    equal(data[0].embedding.length, 4);
  },
  async 'errors have their message'() {
    const failing = (request, type, message) =>
      rejects(request, (error) => error instanceof type && message.test(error.message));
    await failing(embed({ dimensions: 5 }), BadRequestError, /dimensions: expected 4, 32/);
    await failing(embed({ model: 'none' }), NotFoundError, /'none' not found/);
    await failing(embed({ model: 'ranker' }), BadRequestError, /POST \/v1\/rerank/);
    const stranger = client.withOptions({ apiKey: 'another-key-of-20-characters' });
    await failing(
      stranger.embeddings.create({ model: 'sentences', input: 'x' }),
      AuthenticationError,
      /valid credentials/,
    );
  },
  async 'lists the model'() {
    const names = [];
    for await (const { id } of client.models.list()) names.push(id);
    ok(names.includes('sentences'));
  },
});
