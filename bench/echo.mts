import fastify from 'fastify';

/*
 * The ceiling of the smallest request: Fastify alone, which reads a body as bytes and sends it back.
 * Prints its address.
 */
const server = fastify();
server.removeAllContentTypeParsers();
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
server.post('/v2/models/:model/infer', (request, reply) => {
  reply.header('content-type', 'application/octet-stream').send(request.body);
});
console.log(await server.listen({ host: '127.0.0.1', port: 0 }));
