import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { fuzz, NO_HARM } from './fuzz';

/** Models that are loaded at once, each with a configuration of its own. */
const SLOTS = 8;

const CONFIG = `name: "NAME"
platform: "onnxruntime_onnx"
backend: 'onnx' "runtime"
max_batch_size: 8
version_policy: { latest { num_versions: 1 } }
input [ { name: "x", data_type: TYPE_FP32, dims: [ -1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ -1 ] label_filename: "labels.txt" } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
dynamic_batching {
  preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100
  default_queue_policy { max_queue_size: 10 default_timeout_microseconds: 1000000 }
}
model_warmup [ { name: "z" batch_size: 1 count: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 zero_data: true } } } ]
parameters { key: "intra_op_thread_count" value: { string_value: "1" } }
optimization { graph { level: 1 } } # a comment
`;

/** A configuration as its words, signs and blanks. */
const TOKENS = CONFIG.match(/"[^"]*"|'[^']*'|\w+|\s+|./g)!;

/** Values that are odd, by the kind of token that they may stand for. */
const ODD: readonly (readonly [kind: RegExp, values: readonly string[]])[] = [
  [
    /^\d/,
    [
      '0',
      '2',
      '-1',
      '-0',
      '1e999',
      '0x7f',
      '07',
      '1.5f',
      'inf',
      'nan',
      '1000',
      '2147483647',
      '99999999999999999999',
    ],
  ],
  [
    /^["']/,
    [
      '""',
      '"\\777"',
      '"\\u0000"',
      '"\0"',
      '"../../etc/passwd"',
      '"/"',
      '"__proto__"',
      '"y"',
      `"${'x'.repeat(5000)}"`,
    ],
  ],
  [/^TYPE_/, ['TYPE_BF16', 'TYPE_STRING', 'TYPE_INVALID', 'TYPE_FP64', '11', '99']],
  [/^KIND_/, ['KIND_GPU', 'KIND_AUTO', 'KIND_MODEL', '0', '7']],
  [
    /^[a-z]/,
    [
      'sequence_batching',
      'ensemble_scheduling',
      'reshape',
      'name',
      'cc_model_filenames',
      '__proto__',
      '[a.b/c]',
    ],
  ],
];
const SIGNS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  ';',
  '<',
  '>',
  '#',
  '"',
  "'",
  '\\',
  '\0',
  '\ufeff',
  '{'.repeat(5000),
];

/** A place, and what comes there: an odd value of the same kind, or with a bad form, other tokens for a few. */
const change = fc.oneof(
  fc.nat(TOKENS.length - 1).chain((at) => {
    const odd = ODD.find(([kind]) => kind.test(TOKENS[at]!))?.[1] ?? [TOKENS[at]!];
    return fc.constantFrom(...odd).map((value) => ({ at, cut: 1, put: [value] }));
  }),
  fc.record({
    at: fc.nat(TOKENS.length - 1),
    cut: fc.nat(2),
    put: fc.array(fc.constantFrom(...SIGNS, ...TOKENS), { maxLength: 2 }),
  }),
);

const config = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
  const tokens = [...TOKENS];
  for (const { at, cut, put } of changes) tokens.splice(at, cut, ...put);
  return tokens.join('');
});

/** Names the line of the configuration, the file that is not there, the warm-up that fails or the labels. */
const REASON = /config\.pbtxt|model\.onnx|warm-up|labels/;

describe('configurations of all kinds', () => {
  it('are followed, or refused with a reason that names the place, and change nothing else', async () => {
    const names = Array.from({ length: SLOTS }, (_, index) => `m${index}`);
    const repository = new Repository().model('affine', affine());
    for (const name of names) repository.model(name, affine()).add(`${name}/labels.txt`, 'a\n');
    const gateway = await Gateway.start(repository, {
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: 'affine',
      NEXUS_LOG_LEVEL: 'fatal',
    });
    const runners = gateway.runners('affine/1');
    const post = (name: string, action: string) =>
      gateway.send(`/v2/repository/models/${name}/${action}`, { method: 'POST' });
    const free = [...names];
    try {
      const harm = await fuzz(gateway, config, 120, async (text) => {
        const name = free.pop()!;
        writeFileSync(join(repository.path, name, 'config.pbtxt'), text.replace('NAME', name));
        const { status, body } = await post(name, 'load');
        if (status === 200) expect((await post(name, 'unload')).status).toBe(200);
        else expect([status, body.toString()]).toEqual([400, expect.stringMatching(REASON)]);
        free.push(name);
      });
      expect(harm).toEqual(NO_HARM);
      expect((await gateway.infer('affine', oneRow(1))).body.outputs[0].data).toEqual([3]);
      expect(gateway.runners('affine/1')).toEqual(runners);
    } finally {
      await gateway.stop();
      repository.remove();
    }
  });
});
