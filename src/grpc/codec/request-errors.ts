import { errors } from '../../common/errors';
import type { MessageErrors } from '../../open-inference/wire-reader';

/** The errors of a ModelInferRequest, NexusErrors invalid_input. */
export const REQUEST_ERRORS: MessageErrors = {
  rawField: 'raw_input_contents',
  malformed: () =>
    errors.invalidInput(
      'the request is not a valid ModelInferRequest message; server reflection describes it',
    ),
  tooManyParts: (limit) =>
    errors.invalidInput(
      `the request has more than ${limit} inputs, outputs, parameters, dimensions and raw entries; send the elements of a tensor in one entry of raw_input_contents`,
    ),
  invalid: (message, path) => errors.invalidInput(message, path),
};
