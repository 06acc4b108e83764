import sharp from 'sharp';
import { LABELS, writeHubModel } from '../../fixtures/hub-model';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

type Body = NonNullable<RequestInit['body']>;

let repository: Repository;
let gateway: Gateway;
/** Pictures of one colour, by the label that the model gives them. */
const pictures: Record<string, Buffer> = {};

beforeAll(async () => {
  for (const [index, label] of LABELS.image_classification.entries()) {
    const background = { r: 20, g: 20, b: 20, [['r', 'g', 'b'][index]!]: 230 };
    pictures[label] = await sharp({ create: { width: 40, height: 30, channels: 3, background } })
      .jpeg()
      .toBuffer();
  }
  repository = new Repository();
  writeHubModel(repository.path, 'colours', { task: 'image_classification' });
  writeHubModel(repository.path, 'words', { task: 'text_classification' });
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

async function post(path: string, body: Body, type?: string): Promise<{ status: number; body: any }> {
  const headers = type === undefined ? {} : { 'content-type': type };
  const response = await gateway.fetch(path, { method: 'POST', body, headers });
  return { status: response.status, body: await response.json() };
}

const predict = (body: Body, type?: string, model = 'colours') =>
  post(`/v1/models/${model}/predict`, body, type);
const best = ({ body }: { body: any }) => body.classes.scores[0].label as string;
const bytes = (label: string) => new Uint8Array(pictures[label]!);

describe('a picture is classified', () => {
  it('as the body', async () => {
    for (const label of LABELS.image_classification)
      expect(best(await predict(bytes(label), 'image/jpeg'))).toBe(label);
  });

  it('as files of a form', async () => {
    const form = new FormData();
    form.append('image', new Blob([bytes('green')]), 'green.jpg');
    form.append('top_k', '1');
    const one = await predict(form);
    expect(one.body.classes.scores).toMatchObject([{ label: 'green' }]);
    form.append('image', new Blob([bytes('blue')]), 'blue.jpg');
    const two = await predict(form);
    expect(two.body.classes.scores).toMatchObject([[{ label: 'green' }], [{ label: 'blue' }]]);
  });

  it('as base64 and as a data URL', async () => {
    const base64 = pictures['red']!.toString('base64');
    for (const image of [base64, `data:image/jpeg;base64,${base64}`, { b64: base64 }])
      expect(best(await predict(JSON.stringify({ inputs: { image } })))).toBe('red');
  });

  it('as tensors of the model', async () => {
    const plane = (value: number) => Array.from({ length: 8 }, () => Array(8).fill(value));
    const pixel_values = [[plane(-1), plane(1), plane(-1)]];
    const { body } = await predict(JSON.stringify({ inputs: { pixel_values }, top_k: 1 }));
    expect(body.classes.scores).toMatchObject([[{ label: 'green' }]]);
  });

  it('as BYTES over V2 and gRPC', async () => {
    const picture = pictures['blue']!;
    const element = Buffer.alloc(4 + picture.length);
    element.writeUInt32LE(picture.length);
    picture.copy(element, 4);
    const input = { name: 'image', datatype: 'BYTES', shape: [1] };
    const json = JSON.stringify({
      inputs: [{ ...input, parameters: { binary_data_size: element.length } }],
      outputs: [{ name: 'scores', parameters: { classification: 1 } }],
    });
    const response = await gateway.fetch('/v2/models/colours/infer', {
      method: 'POST',
      headers: { 'inference-header-content-length': String(json.length) },
      body: new Uint8Array(Buffer.concat([Buffer.from(json), element])),
    });
    expect(await response.json()).toMatchObject({ outputs: [{ data: [expect.stringMatching(/:2:blue$/)] }] });
    const client = new GrpcClient(gateway.grpc);
    for (const form of [{ raw_input_contents: [element] }, { contents: { bytes_contents: [picture] } }]) {
      const { raw_input_contents, contents } = form as any;
      const call = await client.call('ModelInfer', {
        model_name: 'colours',
        inputs: [{ ...input, contents }],
        raw_input_contents,
      });
      expect(call.error).toBeUndefined();
      const raw: Buffer = call.response.raw_output_contents[0];
      const scores = [0, 4, 8].map((at) => raw.readFloatLE(at));
      expect(scores.indexOf(Math.max(...scores))).toBe(2);
    }
    client.close();
  });
});

describe('bad pictures', () => {
  it.each([
    ['a truncated file', () => bytes('red').subarray(0, -10), 'image/jpeg', 422, /truncated/],
    ['text', () => 'no picture', 'image/png', 422, /JPEG, PNG, WebP or GIF/],
    [
      'SVG',
      () => '<svg xmlns="http://www.w3.org/2000/svg"/>',
      'image/svg+xml',
      422,
      /JPEG, PNG, WebP or GIF/,
    ],
    ['nothing', () => '', 'image/png', 400, /empty/],
    ['a broken form', () => '--x\r\nno', 'multipart/form-data; boundary=x', 400, /form/],
    [
      'a form of many parts',
      () =>
        `${'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nhi\r\n'.repeat(130)}--x--\r\n`,
      'multipart/form-data; boundary=x',
      400,
      /more than 128 parts/,
    ],
    ['sound', () => 'RIFF', 'audio/wav', 415, /audio/],
    ['no base64', () => '{"inputs":{"image":"%%%"}}', undefined, 422, /base64/],
  ])('are refused: %s', async (_what, body, type, status, message) => {
    const answer = await predict(body() as Body, type);
    expect(answer).toMatchObject({ status, body: { error: { message: expect.stringMatching(message) } } });
  });

  it('are refused by a model of text', async () => {
    expect((await predict(bytes('red'), 'image/jpeg', 'words')).status).toBe(415);
  });

  it('are at least one', async () => {
    const body = { inputs: [{ name: 'image', datatype: 'BYTES', shape: [0], data: [] }] };
    expect(await post('/v2/models/colours/infer', JSON.stringify(body))).toEqual({
      status: 400,
      body: { error: expect.stringMatching(/at least one picture/) },
    });
  });

  it('are at most 64', async () => {
    const image = Array(65).fill(pictures['red']!.toString('base64'));
    expect(await predict(JSON.stringify({ inputs: { image } }))).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(/at most 64 pictures, got 65/) } },
    });
  });
});
