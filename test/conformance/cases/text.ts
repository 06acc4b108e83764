import type { Case, Level, TransportName } from '../case.ts';
import { sameTensors } from '../expect.ts';
import { identityOf } from '../models.ts';
import { renamed, tensor, type Element } from '../tensor.ts';

const BYTES = 'Open Inference Protocol V2, Tensor Data, BYTES';

/** Elements of BYTES come back byte for byte. */
export const textCases: readonly Case[] = [
  echoes('an empty string', ['', 'a', '']),
  echoes('text beyond ASCII', ['grün', '模型', '😀', 'e\u0301']),
  echoes('quotes, backslashes and control characters', ['"', '\\', '\n\t\u0001\u007f', '\u2028']),
  echoes('a byte order mark', ['\ufeffa']),
  echoes('100 000 characters', ['x'.repeat(100_000)]),
  echoes(
    'NUL',
    ['\0', 'a\0b', 'a\0'],
    'recommended',
    `${BYTES}; ONNX Runtime's C interface ends strings at NUL`,
  ),
  // A JSON string holds no bytes that are no text.
  echoes('bytes that are not UTF-8', [Buffer.of(0xff, 0xfe, 0x80), Buffer.of(0xc3)], 'recommended', BYTES, [
    'REST binary',
    'gRPC',
  ]),
];

function echoes(
  what: string,
  elements: readonly Element[],
  level: Level = 'required',
  basis = BYTES,
  on: readonly TransportName[] = ['REST JSON', 'REST binary', 'gRPC'],
): Case {
  const input = tensor('in', 'BYTES', [elements.length], elements);
  return {
    name: `BYTES keep ${what}`,
    level,
    basis,
    on,
    run: async ({ client }) => {
      const { outputs } = await client.infer({ model: identityOf('BYTES'), inputs: [input] });
      sameTensors(outputs, [renamed(input, 'out')]);
    },
  };
}
