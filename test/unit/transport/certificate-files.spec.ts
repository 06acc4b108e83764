import { createPrivateKey } from 'node:crypto';
import { checkCertificate, type CertificateFiles } from '../../../src/transport/tls/certificate-files';
import { ConfigError } from '../../../src/config/config-error';
import { Authority } from '../../fixtures/certificate';

const authority = new Authority('authority');
const { key, cert } = authority.issue({ names: ['localhost'] });
const other = authority.issue({ names: ['localhost'] });
const unreadable = Object.assign(new Error('no'), { code: 'EACCES' });

/** The line that these files are refused with; undefined if they are accepted. */
function faultOf(contents: Partial<Record<keyof CertificateFiles, string | Error>>): string | undefined {
  const file = (setting: string, content: string | Error) => ({ setting, content });
  const { clientCa } = contents;
  try {
    checkCertificate({
      cert: file('NEXUS_TLS_CERT=c', contents.cert ?? cert),
      key: file('NEXUS_TLS_KEY=k', contents.key ?? key),
      ...(clientCa !== undefined && { clientCa: file('NEXUS_TLS_CLIENT_CA=a', clientCa) }),
    });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).lines).toHaveLength(1);
    return (error as ConfigError).message;
  }
  return undefined;
}

it.each([
  ['a certificate and its key', {}],
  ['a chain', { cert: cert + authority.cert }],
  ['text around the certificate', { cert: `Bag Attributes\n${cert}\n# end` }],
  ['several authorities', { clientCa: authority.cert + new Authority('b').cert }],
  [
    'a key of the form for elliptic curves',
    { key: createPrivateKey(key).export({ type: 'sec1', format: 'pem' }).toString() },
  ],
])('%s is accepted', (_what, contents) => {
  expect(faultOf(contents)).toBeUndefined();
});

const damaged = cert.replace(/\n.{40}/, '\n');
const encrypted = createPrivateKey(key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();

it.each([
  [
    'a certificate that cannot be read',
    { cert: unreadable },
    /^NEXUS_TLS_CERT=c: .*cannot be read \(EACCES\); set/,
  ],
  [
    'no certificate',
    { cert: '' },
    /^NEXUS_TLS_CERT=c: expected certificates in PEM format, found none; convert/,
  ],
  ['a key instead of a certificate', { cert: key }, /^NEXUS_TLS_CERT=c: expected certificates/],
  ['half a certificate', { cert: cert.slice(0, 200) }, /^NEXUS_TLS_CERT=c: expected certificates/],
  ['a damaged certificate', { cert: damaged }, /^NEXUS_TLS_CERT=c: certificate 1 .* damaged; replace/],
  ['a damaged chain', { cert: cert + damaged }, /^NEXUS_TLS_CERT=c: certificate 2 .* damaged; replace/],
  ['no key', { key: 'x' }, /^NEXUS_TLS_KEY=k: expected a private key in PEM format, found none; convert/],
  ['an encrypted key', { key: encrypted }, /^NEXUS_TLS_KEY=k: the key is encrypted; decrypt/],
  [
    'the key of another certificate',
    { key: other.key },
    /^NEXUS_TLS_KEY=k: the key does not belong .*NEXUS_TLS_CERT=c; set/,
  ],
  [
    'the chain before the certificate',
    { cert: authority.cert + cert },
    /put the certificate before its chain/,
  ],
  ['no authority', { clientCa: key }, /^NEXUS_TLS_CLIENT_CA=a: expected certificates/],
])('%s is refused, without any of its text', (_what, contents, message) => {
  const fault = faultOf(contents)!;
  expect(fault).toMatch(message);
  expect(fault).not.toMatch(/BEGIN|MI[A-Z]/);
});
