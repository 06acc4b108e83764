import { startGateway } from './server.ts';

// Serves the models of the suite and prints the addresses as a line of JSON; ends when standard input does.
const { url, grpc, stop } = await startGateway();
console.log(JSON.stringify({ http: new URL(url).host, grpc }));
process.stdin.resume().once('end', () => void stop());
