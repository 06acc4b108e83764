import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { runStep } from './progress.mjs';
import { env, root } from './toolchain.mjs';

// Stand-ins for the images that the Dockerfile begins from, made of the packages of which those are made, so that it can be built
// where no registry of images can be reached.
const SUITE = 'bookworm';
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' };
/** The packages of distroless/cc. */
const LIBRARIES =
  'base-files,ca-certificates,libc6,libgcc-s1,libgomp1,libssl3,libstdc++6,media-types,netbase,tzdata';
/** Removes what other packages of Debian need of these, which distroless does not have. */
const UNUSED =
  'cd "$1" && rm -rf usr/bin/openssl usr/bin/mawk usr/share/man usr/share/perl5 usr/share/doc/*/changelog*';
const cache = join(root, 'node_modules/.cache/nexus-image');

/** The Dockerfile with stand-ins, for buildah: older versions need the platform of each. */
export function withStandIns(dockerfile, builder, platform) {
  return dockerfile
    .replaceAll(
      /^FROM --platform=\$BUILDPLATFORM node:\S+/gm,
      `FROM --platform=linux/${builder} ${nameOf('node', builder)}`,
    )
    .replaceAll(/^FROM node:\S+/gm, `FROM --platform=linux/${platform} ${nameOf('node', platform)}`)
    .replaceAll(
      /^FROM gcr\.io\/distroless\/cc-\S+/gm,
      `FROM --platform=linux/${platform} ${nameOf('cc', platform)}`,
    );
}

function nameOf(kind, platform) {
  return `localhost/nexus-${kind}-${platform}`;
}

/** Makes the stand-ins for the platform with buildah. `builder` is that of the machine, on which the programs of the build run. */
export async function makeStandIns(buildah, builder, platform, folder) {
  const version = /^FROM .*node:([\d.]+)-/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))[1];
  const context = join(folder, `bases-${platform}`);
  mkdirSync(context, { recursive: true });
  mkdirSync(cache, { recursive: true });
  await binaryOfNode(version, ARCHITECTURES[platform], context);
  await archive('extract', LIBRARIES, platform, context, 'libraries.tar');
  const files = ['FROM scratch', 'COPY node /usr/local/bin/node'];
  if (platform === builder) {
    await archive('minbase', 'ca-certificates', platform, context, 'debian.tar');
    const npm = realpathSync(execFileSync('which', ['npm'], { env, encoding: 'utf8' }).trim());
    cpSync(dirname(dirname(npm)), join(context, 'npm'), { recursive: true });
    const certificates = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt';
    copyFileSync(certificates, join(context, 'certificates.crt'));
    files.splice(1, 0, 'ADD debian.tar /');
    files.push(
      'COPY npm /usr/local/lib/node_modules/npm',
      'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
      // The networks of some companies have certificates of their own.
      'COPY certificates.crt /etc/ssl/certs/ca-certificates.crt',
      'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
    );
  }
  await make(buildah, 'node', files, platform, context);
  await make(buildah, 'cc', ['FROM scratch', 'ADD libraries.tar /'], platform, context);
}

async function make(buildah, kind, lines, platform, context) {
  const file = join(context, `${kind}.Dockerfile`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const options = ['--isolation', 'chroot', '--pull-never', '--platform', `linux/${platform}`];
  const args = [...buildah.slice(1), 'bud', ...options, '--tag', nameOf(kind, platform), '-f', file, context];
  if (!(await runStep(`making the base ${kind} for ${platform}`, buildah[0], args)))
    throw new Error(`cannot make the base ${kind} for ${platform}: see the messages above.`);
}

/** An archive of packages of Debian, from the cache if it is there. */
async function archive(variant, packages, platform, context, name) {
  const stored = join(cache, `${SUITE}-${variant}-${platform}.tar`);
  if (!existsSync(stored)) {
    const options = [`--variant=${variant}`, `--architectures=${platform}`, `--include=${packages}`];
    if (variant === 'extract') options.push(`--customize-hook=${UNUSED}`);
    const partial = `${stored}.partial.tar`;
    if (
      !(await runStep(`installing ${SUITE} (${variant}, ${platform})`, 'mmdebstrap', [
        ...options,
        SUITE,
        partial,
      ]))
    )
      throw new Error('mmdebstrap failed: see the messages above.');
    renameSync(partial, stored);
  }
  copyFileSync(stored, join(context, name));
}

async function binaryOfNode(version, arch, context) {
  const spec = `node-linux-${arch}@${version}`;
  const stored = join(cache, `node-linux-${arch}-${version}.tgz`);
  if (
    !existsSync(stored) &&
    !(await runStep(
      `downloading Node ${version} (${arch})`,
      'npm',
      ['pack', spec, '--pack-destination', cache],
      { env },
    ))
  )
    throw new Error(`npm cannot download ${spec}: see the messages above.`);
  execFileSync('tar', ['-xzf', stored, '-C', context, '--strip-components=2', 'package/bin/node']);
}
