import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { V2Json } from '../../../../src/remote/v2/v2-json';
import { compileCodec } from '../../codec/compiled';
import { tensorOf } from '../../codec/tensors';

const COUNT = 100_000;

describe('the thread for JSON of targets', () => {
  const numbers = Array.from({ length: COUNT }, (_, index) => index);
  const tensor = tensorOf('INT32', numbers);
  const folder = compileCodec(['src/{common,tensor,open-inference,remote}/**/*.ts']);
  let json: V2Json;

  beforeAll(() => {
    const compiled = require(
      join(folder, 'src/remote/v2/v2-json.js'),
    ) as typeof import('../../../../src/remote/v2/v2-json');
    json = new compiled.V2Json();
  });

  afterAll(async () => {
    await json.close();
    rmSync(folder, { recursive: true });
  });

  it('encodes large inputs, and leaves their memory to others', async () => {
    const encoding = json.encode([tensor]);
    expect(encoding).toBeInstanceOf(Promise);
    const [text] = await encoding;
    expect(JSON.parse(text!)).toEqual(numbers);
    expect(tensor.data).toHaveLength(4 * COUNT);
  });

  it('decodes large responses', async () => {
    const outputs = [{ name: 'x', datatype: 'INT32', shape: [COUNT], data: numbers }];
    const decoding = json.decode(Buffer.from(JSON.stringify({ outputs })));
    expect(decoding).toBeInstanceOf(Promise);
    const [output] = await decoding;
    expect(output).toMatchObject({ name: 'x', datatype: 'INT32', shape: [COUNT], size: 0 });
    expect(Buffer.from(output!.data!).equals(tensor.data)).toBe(true);
  });

  it.each([
    ['garbage', () => json.decode(Buffer.alloc(COUNT, '[')), 'garbage'],
    [
      'NaN',
      () =>
        json.encode([
          tensorOf(
            'FP32',
            numbers.map(() => NaN),
          ),
        ]),
      'rejected',
    ],
  ])('reports %s', async (_name, work, kind) => {
    await expect((async () => work())()).rejects.toMatchObject({ name: 'TargetFailure', kind });
  });
});
