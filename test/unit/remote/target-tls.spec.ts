import { createPrivateKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTargetTls, type TargetTlsSettings } from '../../../src/remote/target-tls';
import { Authority } from '../../fixtures/certificate';

const authority = new Authority('authority');
const { key, cert } = authority.issue({ names: ['gateway'] });
const other = authority.issue({ names: ['gateway'] });
const encrypted = createPrivateKey(key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();

const folder = mkdtempSync(join(tmpdir(), 'nexus-target-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

mkdirSync(join(folder, 'tls'));
const FILES = {
  ca: authority.cert,
  cert,
  key,
  other: other.key,
  encrypted,
  text: 'text',
  chain: authority.cert + cert,
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, 'tls', name), text);

it('reads the files, relative to the folder or absolute', async () => {
  const settings = {
    ca: join(folder, 'tls/ca'),
    certificate: 'tls/cert',
    key: './tls/key',
    server_name: 'gpu-1',
  };
  expect(await readTargetTls(settings, folder, 'm')).toEqual({
    ca: authority.cert,
    certificate: cert,
    key,
    serverName: 'gpu-1',
  });
});

it('needs no file', async () => {
  expect(await readTargetTls({}, folder, 'm')).toEqual({});
  expect(await readTargetTls({ server_name: 'gpu-1' }, folder, 'm')).toEqual({ serverName: 'gpu-1' });
  expect(await readTargetTls({ ca: 'tls/ca' }, folder, 'm')).toEqual({ ca: authority.cert });
});

it.each<[string, TargetTlsSettings, RegExp]>([
  ['a missing file', { ca: 'tls/none' }, /^model 'm': tls\.ca=tls\/none: .* cannot be read \(ENOENT\); set/],
  ['a folder', { ca: 'tls' }, /^model 'm': tls\.ca=tls: .* cannot be read \(EISDIR\)/],
  ['no certificate', { ca: 'tls/text' }, /^model 'm': tls\.ca=tls\/text: expected certificates/],
  ['a key as the authority', { ca: 'tls/key' }, /tls\.ca=tls\/key: expected certificates/],
  ['a certificate without key', { certificate: 'tls/cert' }, /tls\.certificate=tls\/cert: expected tls\.key/],
  ['a key without certificate', { key: 'tls/key' }, /tls\.key=tls\/key: expected tls\.certificate/],
  ['no key', { certificate: 'tls/cert', key: 'tls/text' }, /tls\.key=tls\/text: expected a private key/],
  ['an encrypted key', { certificate: 'tls/cert', key: 'tls/encrypted' }, /the key is encrypted; decrypt/],
  [
    'the key of another certificate',
    { certificate: 'tls/cert', key: 'tls/other' },
    /tls\.key=tls\/other: the key does not belong .* tls\.certificate=tls\/cert; set/,
  ],
  ['a chain before the certificate', { certificate: 'tls/chain', key: 'tls/key' }, /before its chain/],
])('refuses %s in one line, without the text of the file', async (_what, settings, message) => {
  const fault: unknown = await readTargetTls(settings, folder, 'm').catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(Error);
  expect((fault as Error).message).toMatch(message);
  expect((fault as Error).message).not.toMatch(/BEGIN|MI[A-Z]|\n/);
});
