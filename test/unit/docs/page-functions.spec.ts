import {
  nameFetchedExamples,
  requestInterceptor,
  responseInterceptor,
} from '../../../src/docs/page-functions';

const address = '/docs/examples/image/predict.json';

/** A document whose one operation has an example at `address`. */
const text = JSON.stringify({
  paths: {
    '/predict': {
      post: {
        requestBody: { content: { 'application/json': { examples: { it: { externalValue: address } } } } },
      },
    },
  },
  components: { schemas: { Image: { minItems: 224, maxItems: 224 }, Pair: { minItems: 2 } } },
});

const bodyOf = (document: string) =>
  JSON.parse(document).paths['/predict'].post.requestBody.content['application/json'].examples.it.value;

it('a body that is fetched is sent as what is at its address', async () => {
  const example = '{"inputs":{"x":[0]}}';
  const fetched = jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(example));
  const request = { body: JSON.stringify(bodyOf(nameFetchedExamples(text)), null, 2) };
  const { body } = (await requestInterceptor(request)) as { body: File };
  expect(fetched).toHaveBeenCalledWith(address);
  expect([body.name, await body.text()]).toEqual(['predict.json', example]);
  fetched.mockRestore();
});

it('any other body is sent as it is', async () => {
  const body = '{"inputs":{"fetched from":"/docs/examples/image/predict.json"}}';
  expect(await requestInterceptor({ body })).toEqual({ body });
});

it('pages are not asked to make up long arrays', () => {
  const { Image, Pair } = JSON.parse(nameFetchedExamples(text)).components.schemas;
  expect([Image, Pair]).toEqual([{ maxItems: 224 }, { minItems: 2 }]);
});

it('an answer that the page cannot show is a file', () => {
  const answer = (length: number) => ({
    url: 'http://localhost:8000/v1/models/mask/predict',
    ok: true,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    text: '0'.repeat(length),
  });
  expect(responseInterceptor(answer(1000))).toEqual(answer(1000));
  expect(responseInterceptor(answer(100_000))).toMatchObject({
    headers: { 'content-disposition': 'attachment; filename="too-long-to-show.json"' },
  });
});
