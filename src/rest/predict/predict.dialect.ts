import type { Dialect } from '../codec/dialect';
import { encodeV2Response } from '../v2/codec/encode-response';
import type { V2Response } from '../v2/messages';
import { decodePrediction } from './decode';
import { encodePrediction } from './encode';
import type { DecodedPrediction, PredictionAnswer, PredictionForm, PredictionTarget } from './messages';

/** Predictions in the format of Nexus. */
export const nexusDialect = predictDialect('nexusDialect', 'nexus');

/** Predictions in the format of TensorFlow Serving. */
export const tensorflowDialect = predictDialect('tensorflowDialect', 'tensorflow');

/** Predictions in the format of Nexus with V2 responses, whose tensors are binary. */
export const binaryDialect: Dialect<PredictionTarget, DecodedPrediction, V2Response> = {
  ...nexusDialect,
  name: 'binaryDialect',
  answerOf: ({ model, version, outputs }, { id }) => ({ id, model, version, outputs }),
  isBinary: () => true,
  encode: (response) => encodeV2Response(response, () => true),
};

function predictDialect(
  name: string,
  form: PredictionForm,
): Dialect<PredictionTarget, DecodedPrediction, PredictionAnswer> {
  return {
    module: __filename,
    name,
    targetOf: ({ inputs, tensorInputs, batches }) => ({ form, inputs, tensorInputs, batches }),
    decode: decodePrediction,
    answerOf: (result, { id, layout, topK }, { outputs, labels, softmax, batches }) => ({
      ...result,
      id,
      form,
      layout,
      topK,
      json: outputs.filter(({ content }) => content === 'json').map(({ name }) => name),
      labels,
      softmax,
      batches,
    }),
    encode: encodePrediction,
  };
}
