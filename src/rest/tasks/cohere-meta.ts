import type { Tensor } from '../../tensor/tensor';
import { tokenCount } from './vectors';

/** The member `meta` of responses of Cohere. Clients of the first version fail without the billed units. */
export function metaOf(outputs: readonly Tensor[], version: '1' | '2') {
  return { api_version: { version }, billed_units: { input_tokens: tokenCount(outputs) } };
}
