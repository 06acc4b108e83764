# docker build -t nexus .                           serves on the CPU
# docker build -t nexus --build-arg DEVICE=cuda .   serves on NVIDIA GPUs (x64; run it with --gpus all)
# docker buildx build --platform linux/amd64,linux/arm64 .
# docker run --shm-size=1g -p 8000:8000 -p 8001:8001 -e NEXUS_API_KEY=<16 or more characters> nexus
# docker run nexus serve --help
#
# `yarn image` builds this file without Docker, and runs the image. docs/image.md describes the image.
# Dependabot updates the tags and digests; those of Node are one version, also in scripts/toolchain.
ARG DEVICE=cpu

# Everything is built on the platform of the builder. Only files are copied to the platform of the image, so no build is emulated.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20 AS tools
WORKDIR /app
# The pinned Yarn; the optional package left out is Node itself, which this image has.
COPY scripts/toolchain/package.json scripts/toolchain/package-lock.json scripts/toolchain/
RUN npm ci --prefix scripts/toolchain --ignore-scripts --omit=optional
ENV PATH=/app/scripts/toolchain/node_modules/.bin:$PATH
COPY package.json yarn.lock .yarnrc.yml ./
# Yarn runs it at each installation.
COPY scripts/preinstall.mjs scripts/

# What the gateway needs to run, with the binaries of the platform of the image.
FROM tools AS modules-cpu
ARG TARGETARCH
RUN cpu=$(echo "$TARGETARCH" | sed s/amd64/x64/) \
 && yarn config set --json supportedArchitectures "{\"os\":[\"linux\"],\"cpu\":[\"$cpu\"],\"libc\":[\"glibc\"]}" \
 && yarn workspaces focus --production

# The CUDA provider must be of the same version as ONNX Runtime; scripts/cuda pins the newest pair that is published.
FROM modules-cpu AS modules-cuda
COPY scripts/cuda/package.json scripts/cuda/package-lock.json scripts/cuda/
RUN npm ci --prefix scripts/cuda --ignore-scripts \
 && rm -r node_modules/onnxruntime-node node_modules/onnxruntime-common \
 && mv scripts/cuda/node_modules/onnxruntime-node scripts/cuda/node_modules/onnxruntime-common node_modules/ \
 && mv scripts/cuda/node_modules/com.github.asus4.onnxruntime.linux-x64-gpu/Plugins/Linux/x64/*.so \
       node_modules/onnxruntime-node/bin/napi-v6/linux/x64/

FROM modules-${DEVICE} AS modules
ARG TARGETARCH
COPY scripts/slim.mjs scripts/
RUN node scripts/slim.mjs node_modules "$TARGETARCH"

FROM tools AS build
RUN yarn install --immutable
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
COPY clients/console clients/console
COPY scripts/console.mjs scripts/redoc.mjs scripts/
RUN yarn build && find dist -name '*.map' -delete
COPY scripts/sbom.mjs scripts/
# The packages differ between platforms; buildah would take those of another one from its cache.
ARG TARGETARCH
RUN --mount=type=bind,from=modules,source=/app/node_modules,target=/modules node scripts/sbom.mjs /modules sbom.cdx.json

# Node of the platform of the image.
FROM node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20 AS node

# Node without the names of its internal functions, which saves 18 MB, and tini. As process 1, Node would not reap the runners of
# a gateway process that was killed.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20 AS system
ARG TARGETARCH
WORKDIR /packages
RUN dpkg --add-architecture "$TARGETARCH" && apt-get update \
 && apt-get install --yes --no-install-recommends binutils-multiarch \
 && apt-get download "tini:$TARGETARCH" \
 && dpkg-deb --extract tini_*.deb /system \
 && mkdir /empty
COPY --from=node /usr/local/bin/node /system/usr/local/bin/node
RUN strip --strip-unneeded /system/usr/local/bin/node

# The C and C++ libraries and certificates, without a shell or a package manager.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f AS base-cpu

FROM nvidia/cuda:13.0.2-runtime-ubuntu24.04@sha256:6a0e31b59e70890446f2c17356d6efc0d54260090a8c63d6ca7c2ad049db95d2 AS base-cuda

FROM base-${DEVICE}
WORKDIR /app
COPY --from=system /system /
COPY --from=modules /app/node_modules node_modules
COPY package.json LICENSE ./
COPY --from=build /app/sbom.cdx.json ./
COPY --from=build /app/dist dist
COPY models /models
# Folders of the user below, which a new volume takes over with their owner.
COPY --from=system --chown=10001:10001 /empty /var/lib/nexus
COPY --from=system --chown=10001:10001 /empty /var/cache/nexus
# On this address the gateway starts only with NEXUS_API_KEY, NEXUS_KEYS_FILE, NEXUS_OIDC_ISSUER or NEXUS_AUTH=off.
ENV NODE_ENV=production NEXUS_HOST=0.0.0.0 NEXUS_MODEL_REPOSITORY=/models NEXUS_MODEL_CACHE=/var/cache/nexus
EXPOSE 8000 8001
# A number, so that Kubernetes can check runAsNonRoot.
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", \
  "const e = process.env; e.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch(`http${e.NEXUS_TLS_CERT ? 's' : ''}://127.0.0.1:${e.NEXUS_PORT || 8000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Exec form: tini passes signals on to the gateway, and exits with its code.
ENTRYPOINT ["tini", "--", "node", "/app/dist/main.js"]
CMD ["serve"]
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Nexus AI Gateway" \
      org.opencontainers.image.description="Serves ONNX models over HTTP and gRPC: a typed API, dynamic batching, isolated models." \
      org.opencontainers.image.source="https://github.com/nexus-ai-gateway/nexus-ai-gateway" \
      org.opencontainers.image.documentation="https://github.com/nexus-ai-gateway/nexus-ai-gateway/blob/main/docs/image.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
