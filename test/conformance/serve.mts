import { startGateway } from './server.ts';

// Serves the models of the suite and prints the addresses as a line of JSON; ends when standard input does.
const server = await startGateway();
console.log(JSON.stringify({ http: new URL(server.url).host, grpc: server.grpc }));
process.stdin.resume().once('end', () => void server.stop());
