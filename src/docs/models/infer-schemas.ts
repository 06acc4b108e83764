import { allOutputs, type Signature } from '../../models/signature';
import type { TensorSpec } from '../../tensor/tensor';
import { elementRef, ID, inputElementRef, type Schema } from './tensor-schemas';

/** Schemas of the Open Inference Protocol V2 for a model: `<identifier>InferRequest` and `<identifier>InferResponse`. */
export function inferSchemas(signature: Signature, identifier: string): Record<string, Schema> {
  const { inputs, tensorInputs } = signature;
  const outputs = allOutputs(signature);
  const parameters = {
    type: ['object', 'null'],
    additionalProperties: { type: ['string', 'number', 'boolean'] },
  };
  const listed = {
    type: 'object',
    properties: { name: { type: 'string', enum: outputs.map(({ name }) => name) }, parameters },
    required: ['name'],
  };
  return {
    [`${identifier}InferRequest`]: {
      type: 'object',
      properties: {
        id: { ...ID, type: ['string', 'null'] },
        parameters,
        inputs: tensorInputs.length === 0 ? allOf(inputs) : { anyOf: [allOf(inputs), allOf(tensorInputs)] },
        outputs: {
          type: ['array', 'null'],
          items: listed,
          description: 'The outputs to compute. All outputs if absent or empty.',
        },
      },
      required: ['inputs'],
    },
    [`${identifier}InferResponse`]: {
      type: 'object',
      properties: {
        id: ID,
        model_name: { type: 'string' },
        model_version: { type: 'string' },
        outputs: tensors(outputs, elementRef),
      },
      required: ['model_name', 'model_version', 'outputs'],
    },
  };
}

/** An array of exactly the inputs `specs`. */
function allOf(specs: readonly TensorSpec[]): Schema {
  return { ...tensors(specs, inputElementRef), minItems: specs.length, maxItems: specs.length };
}

/** An array of tensors that match `specs`. */
function tensors(specs: readonly TensorSpec[], element: typeof elementRef): Schema {
  const items = specs.map(({ name, datatype, shape }) => ({
    type: 'object',
    properties: {
      name: { type: 'string', const: name },
      datatype: { type: 'string', const: datatype },
      shape: {
        type: 'array',
        minItems: shape.length,
        maxItems: shape.length,
        // prefixItems must not be empty.
        ...(shape.length === 0 ? {} : { prefixItems: shape.map(dimension) }),
        items: { type: 'integer', minimum: 0 },
        description: `[${shape.join(',')}]; -1 means any size`,
      },
      data: {
        type: 'array',
        items: element(datatype),
        description: 'Elements in row-major order.',
      },
    },
    required: ['name', 'datatype', 'shape', 'data'],
  }));
  return { type: 'array', items: items.length === 1 ? items[0] : { anyOf: items } };
}

function dimension(size: number): Schema {
  return size < 0 ? { type: 'integer', minimum: 0 } : { type: 'integer', const: size };
}
