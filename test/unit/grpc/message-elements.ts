import type { Tensor } from '../../../src/tensor/tensor';
import { TYPED_ARRAY } from '../../../src/tensor/typed-arrays';
import { splitElements } from '../../fixtures/binary';

/** The elements as a program gives them to a library for Protocol Buffers. */
export function elementsOf({ datatype, data }: Tensor): unknown[] {
  if (datatype === 'BYTES') return splitElements(data);
  const array = new TYPED_ARRAY[datatype](new Uint8Array(data).buffer) as Iterable<number | bigint>;
  return Array.from(array, (value) => {
    if (datatype === 'BOOL') return value === 1;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
