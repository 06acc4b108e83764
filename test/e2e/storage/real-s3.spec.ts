import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type ChecksumAlgorithm,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { SyncProgress } from '../../../src/storage/copy/progress';
import { synchronise } from '../../../src/storage/sync/synchronise';
import { affine } from '../../fixtures/models';
import { nexus } from '../support/nexus';
import { HAS_VERSITYGW, Versitygw } from '../support/versitygw';
import { tearDown } from '../support/tear-down';

/** Real servers accept no smaller part but the last. */
const PART_BYTES = 5 * 2 ** 20;
const CHECKSUMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;

const suite = HAS_VERSITYGW ? describe : describe.skip;

suite(`a real S3 server${HAS_VERSITYGW ? '' : ' (skipped: no versitygw on the PATH)'}`, () => {
  let server: Versitygw;
  let client: S3Client;
  let folder: string;

  beforeAll(async () => {
    server = await Versitygw.start('models');
    Object.assign(process.env, server.env);
    client = new S3Client({ forcePathStyle: true });
    folder = mkdtempSync(join(tmpdir(), 'nexus-real-s3-'));
  });
  afterAll(async () => {
    await tearDown(server);
    rmSync(folder, { recursive: true });
  });

  const put = (Key: string, Body: Uint8Array, ChecksumAlgorithm?: ChecksumAlgorithm) =>
    client.send(
      new PutObjectCommand({
        Bucket: 'models',
        Key,
        Body,
        ...(ChecksumAlgorithm ? { ChecksumAlgorithm } : {}),
      }),
    );

  const putInParts = async (Key: string, body: Uint8Array, ChecksumAlgorithm: ChecksumAlgorithm) => {
    const named = { Bucket: 'models', Key };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...named, ChecksumAlgorithm }));
    const Parts: CompletedPart[] = [];
    for (let start = 0; start < body.byteLength; start += PART_BYTES) {
      const PartNumber = Parts.length + 1;
      const Body = body.subarray(start, start + PART_BYTES);
      const part = await client.send(
        new UploadPartCommand({ ...named, UploadId, PartNumber, Body, ChecksumAlgorithm }),
      );
      const { $metadata: _, ...sums } = part;
      Parts.push({ ...sums, PartNumber });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }));
  };

  it('objects of every kind of checksum, in one part and in several, are read and verified', async () => {
    const body = Buffer.alloc(PART_BYTES + 1000, 'model');
    for (const algorithm of CHECKSUMS) {
      await put(`sums/one/${algorithm}`, body.subarray(0, 1000), algorithm);
      await putInParts(`sums/parts/${algorithm}`, body, algorithm);
    }
    const result = await synchronise({
      url: 's3://models/sums',
      folder,
      limit: 0,
      rate: 0,
      stallMs: 10_000,
      only: undefined,
      inUse: [],
      progress: new SyncProgress().memory,
    });
    expect(result).toMatchObject({ changed: true, models: 2 });
    for (const algorithm of CHECKSUMS) {
      expect(readFileSync(join(folder, 'models/one', algorithm)).equals(body.subarray(0, 1000))).toBe(true);
      expect(readFileSync(join(folder, 'models/parts', algorithm)).equals(body)).toBe(true);
    }
  });

  it('its models are loaded', async () => {
    await put('prod/m/1/model.onnx', affine(2));
    const env = { ...server.env, NEXUS_MODEL_CACHE: folder };
    const { stdout } = await nexus(['check', '--json', 's3://models/prod'], env);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, versions: [{ model: 'm', state: 'READY' }] });
  });

  it.each([
    ['a bucket that does not exist', 's3://nothing/prod', {}, /404 NoSuchBucket/],
    ['a wrong key', 's3://models/prod', { AWS_SECRET_ACCESS_KEY: 'wrong' }, /403 SignatureDoesNotMatch/],
  ])('%s is a fault of the settings', async (_what, url, wrong, text) => {
    const env = { ...server.env, ...wrong, NEXUS_MODEL_CACHE: join(folder, 'none') };
    const { status, stderr } = await nexus(['check', url], env);
    expect(status).toBe(1);
    expect(stderr).toMatch(text);
  });
});
