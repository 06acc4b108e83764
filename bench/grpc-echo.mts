import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/*
 * The ceiling of the smallest gRPC request: grpc-js alone, which reads a request and sends its tensors back.
 * Prints its address.
 */
const definition = loadSync('src/open-inference/inference.proto', { keepCase: true, oneofs: true });
const { inference } = loadPackageDefinition(definition) as unknown as {
  inference: Record<string, ServiceClientConstructor>;
};
const server = new Server();
server.addService(inference['GRPCInferenceService']!.service, {
  ModelInfer: (call: { request: object }, callback: (error: null, response: object) => void) => {
    const { model_name, inputs, raw_input_contents } = call.request as Record<string, unknown>;
    callback(null, { model_name, outputs: inputs, raw_output_contents: raw_input_contents });
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, port) =>
  console.log(`127.0.0.1:${port}`),
);
