import { hubAccess } from '../../config/model-repository';
import {
  requireFewObjects,
  StoreFault,
  type Content,
  type Listing,
  type ObjectStore,
  type StoredObject,
} from '../store';
import { contentOf, send, sendForText } from './http';

/** Files of other frameworks, and of training: nothing here reads them. */
const OTHER_FRAMEWORKS =
  /(^|\/)(pytorch_model|tf_model|flax_model|rust_model|training_args|optimizer|scheduler|openvino_model)[^/]*$|\.(safetensors|h5|msgpack|ot|pt|pth|ckpt|gguf|tflite|mlmodel|parquet)$|(^|\/)(openvino|coreml|runs)\/|\.mlpackage\//;

const ONNX = /\.onnx(_data(_\d+)?|\.data)?$/;
/** The ONNX file that is served if no model.yaml names another. */
const SERVED = /^(onnx\/)?model\.onnx(_data(_\d+)?|\.data)?$/;

/** An entry of the hub's listing of a revision. */
interface Entry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: { readonly oid: string; readonly size: number };
}

/** A model on the Hugging Face hub, at one revision. HF_ENDPOINT and HF_TOKEN are those of the hub's own tools. */
export class HubStore implements ObjectStore {
  private readonly endpoint: string;
  private readonly authorization: { readonly authorization?: string };
  private readonly name: string;
  private readonly revision: string;
  private commit = '';

  constructor(private readonly url: string) {
    const { endpoint, token } = hubAccess();
    this.endpoint = endpoint;
    this.authorization = token === '' ? {} : { authorization: `Bearer ${token}` };
    const [, name = '', revision = 'main'] = /^hf:\/\/([^@]+)(?:@(.+))?$/.exec(url) ?? [];
    this.name = name;
    this.revision = revision;
  }

  async list(known: string, signal: AbortSignal): Promise<Listing | undefined> {
    const options = { ...this.authorization, signal };
    const model = `${this.endpoint}/api/models/${this.name}`;
    const about = await sendForText(
      `${model}/revision/${encodeURIComponent(this.revision)}`,
      this.url,
      options,
    );
    const { sha = '' } = JSON.parse(about.text) as { sha?: string };
    if (!/^[0-9a-f]{40}$/.test(sha))
      throw new StoreFault('unreachable', `${this.url}: expected the commit of the revision from the hub`);
    this.commit = sha;
    if (sha === known) return undefined;
    const entries: Entry[] = [];
    for (let page: string | undefined = `${model}/tree/${sha}?recursive=true`; page !== undefined;) {
      const { text, headers } = await sendForText(page, this.url, options);
      entries.push(...(JSON.parse(text) as Entry[]));
      requireFewObjects(entries.length, this.url);
      page = this.nextPage(String(headers.link ?? ''));
    }
    const files = entries.filter(({ type, path }) => type === 'file' && !OTHER_FRAMEWORKS.test(path));
    return { objects: withoutVariants(files).map(objectOf), tag: sha };
  }

  /** The next page of a listing, which receives the token too. @throws StoreFault if it is not on the hub. */
  private nextPage(link: string): string | undefined {
    const next = /<([^>]+)>;\s*rel="next"/.exec(link)?.[1];
    if (next === undefined) return undefined;
    const page = URL.parse(next, this.endpoint);
    if (page?.origin === new URL(this.endpoint).origin) return page.href;
    throw new StoreFault('unreachable', `${this.url}: expected the next page of the listing on the hub`);
  }

  async read({ key }: StoredObject, from: number, signal: AbortSignal): Promise<Content> {
    const shown = `${this.url}: ${key}`;
    const path = key.split('/').map(encodeURIComponent).join('/');
    const response = await send(`${this.endpoint}/${this.name}/resolve/${this.commit}/${path}`, shown, {
      ...this.authorization,
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal,
    });
    return contentOf(response, from, shown);
  }
}

/** `files` without the ONNX files beside model.onnx, such as quantised ones, which only a model.yaml can choose. */
function withoutVariants(files: readonly Entry[]): readonly Entry[] {
  const paths = files.map(({ path }) => path);
  if (paths.includes('model.yaml') || !paths.some((path) => SERVED.test(path))) return files;
  return files.filter(({ path }) => !ONNX.test(path) || SERVED.test(path));
}

function objectOf({ path, size, oid, lfs }: Entry): StoredObject {
  const digest =
    lfs === undefined ? { algorithm: 'git', value: oid } : { algorithm: 'sha256', value: lfs.oid };
  return {
    path,
    key: path,
    size: lfs?.size ?? size,
    tag: lfs?.oid ?? oid,
    digest: digest as StoredObject['digest'] & {},
  };
}
