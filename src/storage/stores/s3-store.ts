import {
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { hasOwnS3Endpoint } from '../../config/model-repository';
import {
  requireFewObjects,
  StoreFault,
  type Content,
  type Digest,
  type DigestAlgorithm,
  type Listing,
  type ObjectStore,
  type StoredObject,
} from '../store';
import { refusal, unreachable } from './http';
import { bucketAndPrefix } from './bucket-url';

const CONNECT_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 30_000;

/** The checksums of a response that cover the whole object, the fastest strong ones first. */
const CHECKSUMS: readonly (readonly [DigestAlgorithm, keyof Checksums])[] = [
  ['sha256', 'ChecksumSHA256'],
  ['crc32', 'ChecksumCRC32'],
  ['sha1', 'ChecksumSHA1'],
  ['crc64nvme', 'ChecksumCRC64NVME'],
  ['crc32c', 'ChecksumCRC32C'],
];

type Checksums = Pick<
  GetObjectCommandOutput,
  | 'ChecksumSHA256'
  | 'ChecksumCRC32'
  | 'ChecksumSHA1'
  | 'ChecksumCRC64NVME'
  | 'ChecksumCRC32C'
  | 'ChecksumType'
  | 'ETag'
  | 'ServerSideEncryption'
  | 'SSECustomerAlgorithm'
>;

/** A prefix of a bucket in Amazon S3, or in a server with its API. Region, endpoint and credentials are those of AWS's tools. */
export class S3Store implements ObjectStore {
  private readonly client = new S3Client({
    followRegionRedirects: true,
    // Few servers have a name for each bucket.
    forcePathStyle: hasOwnS3Endpoint(),
    // Content is verified on disk, after it has been resumed.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Otherwise the SDK only prints a warning.
      throwOnRequestTimeout: true,
    },
  });
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(private readonly url: string) {
    [this.bucket, this.prefix] = bucketAndPrefix(url);
  }

  async list(_known: string, signal: AbortSignal): Promise<Listing> {
    const objects: StoredObject[] = [];
    try {
      const pages = paginateListObjectsV2(
        { client: this.client },
        { Bucket: this.bucket, Prefix: this.prefix },
        { abortSignal: signal },
      );
      for await (const {
        Contents: contents = [],
        IsTruncated: hasMore,
        NextContinuationToken: next,
      } of pages) {
        for (const { Key: key = '', Size: size = 0, ETag: tag = '' } of contents)
          objects.push({ path: key.slice(this.prefix.length), key, size, tag });
        requireFewObjects(objects.length, this.url);
        // Otherwise the models on the pages that are not listed would be removed.
        if (hasMore === true && next === undefined)
          throw new StoreFault('unreachable', `${this.url}: expected a token for the rest of the listing`);
      }
    } catch (error) {
      throw faultOf(error, this.url);
    }
    return { objects, tag: '' };
  }

  async read({ key, tag, path }: StoredObject, from: number, signal: AbortSignal): Promise<Content> {
    const named = { Bucket: this.bucket, Key: key, IfMatch: tag, ChecksumMode: 'ENABLED' } as const;
    const shown = `${this.url}: ${path}`;
    try {
      if (from === 0) {
        const answer = await this.client.send(new GetObjectCommand(named), { abortSignal: signal });
        return { from, body: bodyOf(answer, shown), ...digestOf(answer) };
      }
      // The checksum of a range is not that of the object.
      const head = await this.client.send(new HeadObjectCommand(named), { abortSignal: signal });
      const range = { ...named, ChecksumMode: undefined, Range: `bytes=${from}-` };
      const answer = await this.client.send(new GetObjectCommand(range), { abortSignal: signal });
      const isRange = answer.ContentRange?.startsWith(`bytes ${from}-`) === true;
      return { from: isRange ? from : 0, body: bodyOf(answer, shown), ...digestOf(head) };
    } catch (error) {
      throw faultOf(error, shown);
    }
  }
}

async function* bodyOf({ Body: body }: GetObjectCommandOutput, shown: string): AsyncIterable<Uint8Array> {
  try {
    yield* body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw unreachable(shown, error);
  }
}

/** The digest of the whole object. A checksum of the checksums of its parts is none, and nor is an ETag with a hyphen. */
function digestOf(answer: Checksums): { readonly digest?: Digest } {
  if (answer.ChecksumType !== 'COMPOSITE')
    for (const [algorithm, field] of CHECKSUMS) {
      const value = answer[field];
      if (value !== undefined && !value.includes('-'))
        return { digest: { algorithm, value: Buffer.from(value, 'base64').toString('hex') } };
    }
  const { ETag: tag = '', ServerSideEncryption: encryption = 'AES256', SSECustomerAlgorithm: own } = answer;
  const md5 = /^"([0-9a-f]{32})"$/.exec(tag)?.[1];
  // With keys of KMS or of the client, the ETag is not the MD5.
  if (md5 === undefined || encryption !== 'AES256' || own !== undefined) return {};
  return { digest: { algorithm: 'md5', value: md5 } };
}

/** What the SDK has thrown, without texts of the server. */
function faultOf(thrown: unknown, shown: string): StoreFault {
  if (thrown instanceof StoreFault) return thrown;
  const error = thrown as Error & { $metadata?: { httpStatusCode?: number }; Code?: string };
  if (/CredentialsProviderError|TokenProviderError/.test(error.name))
    return new StoreFault(
      'refused',
      `${shown}: no credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role or profile`,
    );
  if (error.message === 'Region is missing')
    return new StoreFault('refused', `${shown}: no region found; set AWS_REGION`);
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined || status < 300) return unreachable(shown, error);
  return refusal(shown, status, /^\w{1,64}$/.test(error.name) ? error.name : '');
}
