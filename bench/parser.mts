import fastify from 'fastify';

/*
 * The ceiling of JSON: Fastify alone, which parses a body with JSON.parse and answers without it. Prints its address.
 */
const server = fastify({ bodyLimit: 2 ** 26 });
server.removeAllContentTypeParsers();
server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
  done(null, JSON.parse(body as string));
});
server.post('/v2/models/:model/infer', (request, reply) => {
  reply.send({ parsed: Object.keys(request.body as object) });
});
console.log(await server.listen({ host: '127.0.0.1', port: 0 }));
