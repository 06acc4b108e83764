import { ftruncateSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { describeModel } from '../../../src/repository/description/model-description';
import { scanRepository } from '../../../src/repository/repository';
import {
  BGE,
  contentOf,
  CONVNEXT,
  CROSS_ENCODER,
  E5,
  MINILM,
  NER,
  SPLADE,
  VIT,
  withFields,
  without,
  type Files,
} from '../../fixtures/hub-folders';
import { Repository } from '../../e2e/support/gateway';

let repository: Repository;
beforeEach(() => (repository = new Repository()));
afterEach(() => repository.remove());

/** Adds `files` to the folder of the model `m`. */
function add(files: Files, folder = 'm'): Repository {
  for (const [path, content] of Object.entries(files))
    repository.add(`${folder}/${path}`, contentOf(content));
  return repository;
}

/** What the repository says of the versions of `m`. */
async function versionsOf() {
  const { root, models } = await scanRepository(repository.path);
  const { versions, refusal } = await describeModel(models.find(({ name }) => name === 'm')!);
  expect(refusal).toBeUndefined();
  return versions.map((version) => ({ ...version, path: version.path?.slice(root.length + 3) }));
}

/** The task of the model of `files`, which has a model.onnx, and why it cannot be served. */
async function read(files: Files, yaml?: string) {
  add({ 'model.onnx': 'x', ...files, ...(yaml === undefined ? {} : { 'model.yaml': yaml }) });
  const [version] = await versionsOf();
  return { task: version!.task, reason: version!.reason };
}

const text = {
  tokenizer: expect.stringMatching(/\/m\/tokenizer\.json$/),
  maxTokens: 512,
  truncationSide: 'right',
  padId: 0,
  lowerCase: false,
  prompts: {},
  defaultPrompt: undefined,
  acceptsTokenIds: false,
};
const plain = { dimensions: [], normalize: false, pooling: [], activation: 'none', picture: undefined };

describe('a folder of the hub', () => {
  it.each<[string, Files, object]>([
    [
      'MiniLM',
      MINILM,
      { name: 'embedding', pooling: ['mean'], normalize: true, text: { ...text, maxTokens: 256 } },
    ],
    [
      'bge',
      BGE,
      {
        name: 'embedding',
        pooling: ['cls'],
        normalize: true,
        text: {
          ...text,
          lowerCase: true,
          prompts: { query: 'Represent this sentence for searching relevant passages: ', document: '' },
        },
      },
    ],
    ['e5', E5, { name: 'embedding', pooling: ['mean'], normalize: true, text: { ...text, padId: 1 } }],
    ['a cross-encoder', CROSS_ENCODER, { name: 'reranking', labels: ['LABEL_0'], text }],
    [
      'NER',
      NER,
      {
        name: 'token_classification',
        activation: 'softmax',
        labels: ['O', 'B-MISC', 'I-MISC', 'B-PER', 'I-PER', 'B-ORG', 'I-ORG', 'B-LOC', 'I-LOC', 'B-X', 'I-X'],
        text,
      },
    ],
    ['SPLADE', SPLADE, { name: 'sparse_embedding', text: { ...text, maxTokens: 256 } }],
    [
      'ViT',
      VIT,
      {
        name: 'image_classification',
        activation: 'softmax',
        labels: ['tench', 'goldfish'],
        text: undefined,
        picture: {
          resize: { height: 224, width: 224 },
          resampling: 'bilinear',
          crop: undefined,
          rescale: 0.00392156862745098,
          mean: [0.5, 0.5, 0.5],
          std: [0.5, 0.5, 0.5],
          channels: 'rgb',
          layout: 'chw',
        },
      },
    ],
    [
      'ConvNeXt',
      CONVNEXT,
      {
        name: 'image_classification',
        activation: 'softmax',
        text: undefined,
        picture: {
          resize: { shortestEdge: 256 },
          resampling: 'bicubic',
          crop: { height: 224, width: 224 },
          rescale: 1 / 255,
          mean: [0.485, 0.456, 0.406],
          std: [0.229, 0.224, 0.225],
          channels: 'rgb',
          layout: 'chw',
        },
      },
    ],
  ])('says the task of %s', async (_name, files, task) => {
    expect(await read(files)).toEqual({
      task: expect.objectContaining({ ...plain, ...task }),
      reason: undefined,
    });
  });

  it.each<[string, Files, object]>([
    [
      'several classes',
      withFields(CROSS_ENCODER, 'config.json', {
        id2label: { 0: 'bad', 1: 'good' },
        sentence_transformers: undefined,
      }),
      { name: 'text_classification', activation: 'softmax' },
    ],
    [
      'classes without names',
      withFields(CROSS_ENCODER, 'config.json', { id2label: undefined, sentence_transformers: undefined }),
      { name: 'text_classification', labels: ['LABEL_0', 'LABEL_1'] },
    ],
    [
      'several labels at once',
      withFields(CROSS_ENCODER, 'config.json', {
        id2label: { 0: 'a', 1: 'b' },
        problem_type: 'multi_label_classification',
        sentence_transformers: undefined,
      }),
      { name: 'text_classification', activation: 'sigmoid' },
    ],
    [
      'entailment',
      withFields(CROSS_ENCODER, 'config.json', {
        id2label: { 0: 'contradiction', 1: 'ENTAILMENT', 2: 'neutral' },
        sentence_transformers: undefined,
      }),
      { name: 'pair_classification', activation: 'softmax' },
    ],
    [
      'a cross-encoder that says no activation',
      withFields(CROSS_ENCODER, 'config.json', { sentence_transformers: undefined }),
      { name: 'reranking', activation: 'sigmoid' },
    ],
    [
      'a cross-encoder of an early release',
      withFields(CROSS_ENCODER, 'config.json', {
        sentence_transformers: undefined,
        sbert_ce_default_activation_function: 'torch.nn.modules.linear.Identity',
      }),
      { name: 'reranking', activation: 'none' },
    ],
    [
      'modules around a masked language model',
      withFields(MINILM, 'config.json', { architectures: ['MPNetForMaskedLM'] }),
      { name: 'embedding', pooling: ['mean'] },
    ],
    [
      'several poolings',
      withFields(MINILM, '1_Pooling/config.json', {
        pooling_mode_cls_token: true,
        pooling_mode_max_tokens: true,
      }),
      { pooling: ['cls', 'max', 'mean'] },
    ],
    [
      'a list of poolings',
      withFields(MINILM, '1_Pooling/config.json', { pooling_mode: ['lasttoken', 'weightedmean'] }),
      { pooling: ['last_token', 'weighted_mean'] },
    ],
    [
      'a layer after pooling, which is in the model file',
      {
        ...MINILM,
        'modules.json': ['Transformer', 'Pooling', 'Dense'].map((name, idx) => ({
          idx,
          path: idx === 0 ? '' : `${idx}_${name}`,
          type: `sentence_transformers.models.${name}`,
        })),
      },
      { pooling: [], normalize: false },
    ],
    [
      'sizes to cut to',
      withFields(MINILM, 'config.json', { matryoshka_dimensions: [256, 64, 128] }),
      { dimensions: [64, 128, 256] },
    ],
    ['no sentence_bert_config.json', without(MINILM, 'sentence_bert_config.json'), { text: { ...text } }],
    [
      'more tokens than positions',
      withFields(MINILM, 'sentence_bert_config.json', { max_seq_length: 1000 }),
      { text: { ...text, maxTokens: 512 } },
    ],
    [
      'truncation on the left',
      withFields(MINILM, 'tokenizer_config.json', { truncation_side: 'left' }),
      { text: { ...text, maxTokens: 256, truncationSide: 'left' } },
    ],
    [
      'a network of one channel',
      withFields(withFields(VIT, 'config.json', { num_channels: 1 }), 'preprocessor_config.json', {
        image_mean: [0.1],
        image_std: [0.3],
      }),
      { picture: expect.objectContaining({ channels: 'grey', mean: [0.1], std: [0.3] }) },
    ],
    [
      'a plain network of pictures',
      withFields(VIT, 'config.json', { architectures: ['ViTModel'] }),
      { name: 'feature_extraction', pooling: [], labels: undefined },
    ],
    [
      'a large ConvNeXt, which does not crop',
      withFields(CONVNEXT, 'preprocessor_config.json', { size: { shortest_edge: 384 } }),
      { picture: expect.objectContaining({ resize: { height: 384, width: 384 }, crop: undefined }) },
    ],
    [
      'CLIP, for which a number is the shortest edge',
      withFields(VIT, 'preprocessor_config.json', {
        image_processor_type: 'CLIPImageProcessor',
        size: 256,
        do_center_crop: true,
        crop_size: 224,
      }),
      {
        picture: expect.objectContaining({
          resize: { shortestEdge: 256 },
          crop: { height: 224, width: 224 },
        }),
      },
    ],
    [
      'EfficientNet, which divides twice',
      withFields(VIT, 'preprocessor_config.json', {
        image_processor_type: 'EfficientNetImageProcessor',
        include_top: true,
        resample: 0,
        do_center_crop: false,
        crop_size: { height: 289, width: 289 },
      }),
      {
        picture: expect.objectContaining({ resampling: 'nearest', std: [0.25, 0.25, 0.25], crop: undefined }),
      },
    ],
  ])('may have %s', async (_what, files, task) => {
    const { task: found, reason } = await read(files);
    expect([found, reason]).toEqual([expect.objectContaining(task), undefined]);
  });

  it.each<[string, Files]>([
    ['without config.json', { 'tokenizer.json': '{}' }],
    ['with a config.json of something else', { 'config.json': { retries: 3 }, 'tokenizer.json': {} }],
    ['with a config.json that is no JSON', { 'config.json': 'retries = 3' }],
    ['with a network, but no tokenizer', without(MINILM, 'tokenizer.json')],
    [
      'of a model that writes text',
      withFields(without(MINILM, 'modules.json'), 'config.json', { architectures: ['GPT2LMHeadModel'] }),
    ],
    [
      'of two towers',
      { ...VIT, 'config.json': { architectures: ['CLIPModel'], num_channels: 3 }, 'tokenizer.json': {} },
    ],
    [
      'of sounds',
      {
        'config.json': { architectures: ['Wav2Vec2Model'] },
        'preprocessor_config.json': { sampling_rate: 16000 },
      },
    ],
  ])('is a model of tensors %s', async (_what, files) => {
    expect(await read(files)).toEqual({ task: undefined, reason: undefined });
  });
});

describe('model.yaml', () => {
  it('takes precedence over the files', async () => {
    const yaml = `task: feature_extraction
pooling: [max, cls]
normalize: false
max_tokens: 100
max_batch_tokens: 2048
prompts: { query: "q: " }
default_prompt: query
dimensions: [64, 32]
token_ids: true
`;
    expect((await read(MINILM, yaml)).task).toMatchObject({
      name: 'feature_extraction',
      pooling: ['max', 'cls'],
      normalize: false,
      dimensions: [32, 64],
      text: { maxTokens: 100, prompts: { query: 'q: ' }, defaultPrompt: 'query', acceptsTokenIds: true },
    });
  });

  it('describes a folder that has no config.json', async () => {
    const files = { 'words/tok.json': '{}' };
    const yaml = 'task: text_classification\ntokenizer: words/tok.json\nmax_tokens: 8\nlabels: [no, yes]\n';
    expect((await read(files, yaml)).task).toMatchObject({
      name: 'text_classification',
      labels: ['no', 'yes'],
      activation: 'softmax',
      text: { tokenizer: expect.stringMatching(/m\/words\/tok\.json$/), maxTokens: 8, padId: 0 },
    });
  });

  it('describes pictures, and labels in a file', async () => {
    const yaml = `task: image_classification
labels: names.txt
inputs:
  x:
    image: { size: { shortest_edge: 40 }, crop: 32, resample: lanczos, mean: [0], std: [0.5], channels: grey, layout: hwc }
`;
    expect((await read({ 'names.txt': 'cat\ndog\n' }, yaml)).task).toMatchObject({
      labels: ['cat', 'dog'],
      pictureInput: 'x',
      picture: {
        resize: { shortestEdge: 40 },
        crop: { height: 32, width: 32 },
        resampling: 'lanczos',
        rescale: 1 / 255,
        mean: [0],
        std: [0.5],
        channels: 'grey',
        layout: 'hwc',
      },
    });
  });

  it('completes preprocessor_config.json', async () => {
    const files = withFields(VIT, 'preprocessor_config.json', { size: undefined, resample: undefined });
    const { task } = await read(files, 'inputs: { x: { image: { size: 64, resample: box } } }\n');
    expect(task!.picture).toMatchObject({
      resize: { height: 64, width: 64 },
      resampling: 'box',
      mean: [0.5, 0.5, 0.5],
    });
  });

  it('says that the model pools by itself', async () => {
    const { task } = await read(without(MINILM, 'modules.json'), 'pooling: none\n');
    expect(task).toMatchObject({ name: 'embedding', pooling: [], normalize: false });
  });
});

describe('a fault in a folder is one line', () => {
  const FAULTS: [what: string, files: Files, reason: RegExp, yaml?: string][] = [
    [
      'broken JSON',
      { ...MINILM, 'config.json': '{"a":\n 1,' },
      /m\/config\.json: expected JSON, got an error: .*; replace the file$/,
    ],
    [
      'no object',
      { ...MINILM, 'config.json': '[]' },
      /m\/config\.json: expected a JSON object; replace the file$/,
    ],
    ['no list', { ...MINILM, 'modules.json': '{}' }, /m\/modules\.json: expected a JSON list/],
    [
      'no module',
      { ...MINILM, 'modules.json': [1] },
      /m\/modules\.json: expected a list of objects with type and path, got 1$/,
    ],
    [
      'no pooling file',
      without(MINILM, '1_Pooling/config.json'),
      /names the folder '1_Pooling', but 1_Pooling\/config\.json does not exist/,
    ],
    [
      'an unknown pooling',
      withFields(MINILM, '1_Pooling/config.json', { pooling_mode: 'median' }),
      /1_Pooling\/config\.json: pooling_mode: expected one or more of cls, max, mean, .*, got "median"/,
    ],
    [
      'no pooling',
      without(MINILM, 'modules.json'),
      /m\/model\.yaml: expected how the vectors of the tokens become one, .*; set pooling/,
    ],
    [
      'pooling before a layer of the model file',
      {
        ...MINILM,
        'modules.json': [
          { type: 'a.Pooling', path: '1_Pooling' },
          { type: 'a.Dense', path: '2_Dense' },
        ],
      },
      /pooling cannot be set, because modules\.json has 'Dense'.*sentence_embedding/,
      'pooling: mean\n',
    ],
    [
      'prompts that do not count',
      withFields(BGE, '1_Pooling/config.json', { include_prompt: false }),
      /include_prompt: false, which is not supported with prompts/,
    ],
    [
      'an unknown default prompt',
      withFields(BGE, 'config_sentence_transformers.json', { default_prompt_name: 'qury' }),
      /default_prompt_name: expected one of the prompts \(query, document\), got "qury"/,
    ],
    [
      'another default prompt',
      BGE,
      /default_prompt is 'q', which is not in prompts; the model has query, document/,
      'default_prompt: q\n',
    ],
    [
      'a sparse model of another kind',
      withFields(SPLADE, '1_SpladePooling/config.json', { activation_function: 'log1p_relu' }),
      /activation_function: expected 'relu', the only supported one, got "log1p_relu"/,
    ],
    [
      'a label without a number',
      withFields(NER, 'config.json', { id2label: { 0: 'a', 2: 'b' } }),
      /id2label: expected a name for every index from 0 to 1/,
    ],
    [
      'another number of labels',
      withFields(NER, 'config.json', { num_labels: 3 }),
      /num_labels: expected 11, the number of names in id2label, got 3/,
    ],
    [
      'an unknown activation',
      withFields(CROSS_ENCODER, 'config.json', { sentence_transformers: { activation_fn: 'torch.nn.Tanh' } }),
      /sentence_transformers\.activation_fn: expected one of Sigmoid, Softmax, Identity, got "torch\.nn\.Tanh"/,
    ],
    [
      'several classes for reranking',
      NER,
      /m\/config\.json: expected one class, because the task is reranking, got 11/,
      'task: reranking\n',
    ],
    [
      'a length of the wrong type',
      withFields(MINILM, 'sentence_bert_config.json', { max_seq_length: 'many' }),
      /max_seq_length: expected an integer from 1 to 1000000, got "many"; correct the file/,
    ],
    [
      'no length',
      withFields(without(CROSS_ENCODER, 'tokenizer_config.json'), 'config.json', {
        max_position_embeddings: undefined,
      }),
      /expected the maximum number of tokens of a text, .*; set max_tokens/,
    ],
    [
      'no tokenizer',
      without(MINILM, 'tokenizer.json'),
      /m\/tokenizer\.json: expected the tokenizer, .*; add it/,
      'task: embedding\n',
    ],
    ['no such tokenizer', MINILM, /m\/t\.json: expected the tokenizer/, 'tokenizer: t.json\n'],
    [
      'no preprocessor',
      without(VIT, 'preprocessor_config.json'),
      /expected how pictures are prepared, .*; add it, or set inputs/,
      'task: image_classification\n',
    ],
    [
      'a step of pictures that is not known',
      withFields(VIT, 'preprocessor_config.json', { do_pad: true }),
      /do_pad: expected false, because Nexus has no such step, got true/,
    ],
    [
      'no size of pictures',
      withFields(VIT, 'preprocessor_config.json', { size: { longest_edge: 5 } }),
      /size: expected \{"height", "width"\} or \{"shortest_edge"\}, got \{"longest_edge":5\}/,
    ],
    [
      'no resampling',
      withFields(VIT, 'preprocessor_config.json', { resample: undefined }),
      /resample: expected the number/,
    ],
    [
      'a division by zero',
      withFields(VIT, 'preprocessor_config.json', { image_std: [1, 0, 1] }),
      /image_std: expected a number greater than 0/,
    ],
    [
      'two of three channels',
      withFields(VIT, 'preprocessor_config.json', { image_mean: [1, 1] }),
      /the mean of pictures: expected a number for each channel \(rgb\), got 2/,
    ],
    [
      'both inputs',
      { ...VIT, 'tokenizer.json': {} },
      /has tokenizer\.json and preprocessor_config\.json; set tokenizer/,
      'task: feature_extraction\n',
    ],
    [
      'a key without a task',
      {},
      /max_tokens is only for models with a task, and the folder says none; set task/,
      'max_tokens: 5\n',
    ],
    ['labels of nothing', {}, /labels is only for models with a task/, 'labels: [a, b]\n'],
    [
      'a key of another task',
      VIT,
      /pooling cannot be set for a model of pictures with the task image_classification; remove it/,
      'pooling: mean\n',
    ],
  ];

  it.each(FAULTS.map(([what, files, reason, yaml = '']) => [what, files, reason, yaml] as const))(
    '%s',
    async (_what, files, reason, yaml) => {
      const found = await read(files, yaml);
      expect([found.task, found.reason]).toEqual([undefined, expect.stringMatching(reason)]);
      expect(found.reason).not.toMatch(/\n|\/tmp/);
    },
  );

  it('a tokenizer that is too large', async () => {
    add({ 'model.onnx': 'x', ...MINILM });
    const file = openSync(join(repository.path, 'm/tokenizer.json'), 'w');
    ftruncateSync(file, 200e6);
    closeSync(file);
    expect((await versionsOf())[0]!.reason).toMatch(
      /m\/tokenizer\.json cannot be read: it has 200000000 bytes, but the limit is 67108864$/,
    );
  });

  it.each(['tokenizer.json', 'config.json', '1_Pooling/config.json'])(
    '%s outside the repository',
    async (name) => {
      const outside = new Repository().add('file.json', contentOf(MINILM[name]));
      try {
        add({ 'model.onnx': 'x', ...without(MINILM, name) }).link(
          `m/${name}`,
          join(outside.path, 'file.json'),
        );
        expect((await versionsOf())[0]!.reason).toMatch(
          new RegExp(`m/${name} cannot be read: it is outside the model repository$`),
        );
      } finally {
        outside.remove();
      }
    },
  );
});

describe('the ONNX file', () => {
  const paths = async () => (await versionsOf()).map(({ path, reason }) => path ?? reason);

  it.each<[string, readonly string[], string]>([
    ['model.onnx', ['config.json', 'model.onnx', 'model_quantized.onnx'], 'model.onnx'],
    ['onnx/model.onnx', ['config.json', 'onnx/model.onnx', 'onnx/model_int8.onnx'], 'onnx/model.onnx'],
    ['the one that is not a variant', ['config.json', 'model_O4.onnx', 'onnx/model.onnx'], 'onnx/model.onnx'],
    ['the only one', ['config.json', 'network.onnx'], 'network.onnx'],
    ['the only one of a folder that is not of the hub', ['a.onnx', 'onnx/model.onnx'], 'a.onnx'],
    ['in the folder of the version', ['config.json', '1/model.onnx'], '1/model.onnx'],
    ['in the hub folder of the version', ['1/config.json', '1/onnx/model.onnx'], '1/onnx/model.onnx'],
  ])('is %s', async (_what, files, expected) => {
    add(Object.fromEntries(files.map((name) => [name, '{}'])));
    expect(await paths()).toEqual([expected]);
  });

  it('is never a variant that nobody chose', async () => {
    add({ 'config.json': {}, 'onnx/model_quantized.onnx': 'x', 'onnx/model_fp16.onnx': 'x' });
    expect(await paths()).toEqual([
      expect.stringMatching(/^no model file found; .* or set file in model\.yaml$/),
    ]);
  });

  it.each<[string, readonly string[], readonly (string | RegExp)[]]>([
    ['beside others', ['onnx/model.onnx', 'onnx/q.onnx'], ['onnx/q.onnx']],
    ['alone', ['onnx/q.onnx'], ['onnx/q.onnx']],
    [
      'of several versions',
      ['1/onnx/q.onnx', '2/onnx/q.onnx', '2/model.onnx'],
      ['1/onnx/q.onnx', '2/onnx/q.onnx'],
    ],
    ['that is missing', ['onnx/model.onnx'], [/m\/onnx\/q\.onnx cannot be read: ENOENT$/]],
  ])('is what model.yaml chooses: %s', async (_what, files, expected) => {
    add({ ...Object.fromEntries(files.map((name) => [name, '{}'])), 'model.yaml': 'file: onnx/q.onnx\n' });
    expect(await paths()).toEqual(
      expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))),
    );
  });

  it('may be in a repository that is one folder of the hub', async () => {
    for (const name of ['config.json', 'onnx/model.onnx', 'onnx/model_int8.onnx'])
      repository.add(`folder/${name}`, '{}');
    const { models } = await scanRepository(join(repository.path, 'folder'));
    expect(models).toMatchObject([
      { name: 'folder', versions: [{ version: '1', filename: 'onnx/model.onnx' }], bare: true },
    ]);
  });

  it('of each version may have its own files beside it', async () => {
    add(MINILM);
    add({ '1/model.onnx': 'x', '2/model.onnx': 'x', '3/model.onnx': 'x' });
    add(CROSS_ENCODER, 'm/2');
    add({ 'config.json': '{' }, 'm/3');
    const versions = await versionsOf();
    expect(versions.map(({ task, reason }) => task?.name ?? reason ?? 'tensors')).toEqual([
      'embedding',
      'reranking',
      'tensors',
    ]);
  });
});
