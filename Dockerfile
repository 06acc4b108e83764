# docker build -t nexus .                           serves on the CPU
# docker build -t nexus --build-arg DEVICE=cuda .   serves on NVIDIA GPUs (x64; run it with --gpus all)
# docker run --shm-size=1g -p 8000:8000 -p 8001:8001 -e NEXUS_API_KEY=<16 or more characters> nexus
ARG DEVICE=cpu

FROM node:24-bookworm-slim AS build-cpu
WORKDIR /app
# The pinned Yarn; the optional package left out is Node itself, which this image has.
COPY scripts/toolchain/package.json scripts/toolchain/package-lock.json scripts/toolchain/
RUN npm ci --prefix scripts/toolchain --ignore-scripts --omit=optional
ENV PATH=/app/scripts/toolchain/node_modules/.bin:$PATH
COPY package.json yarn.lock .yarnrc.yml ./
COPY scripts/preinstall.mjs scripts/
RUN yarn install --immutable
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
COPY clients/console clients/console
COPY scripts/console.mjs scripts/
RUN yarn build && yarn workspaces focus --production

# The CUDA provider must be of the same version as ONNX Runtime; scripts/cuda pins the newest pair that is published.
FROM build-cpu AS build-cuda
COPY scripts/cuda scripts/cuda
RUN npm ci --prefix scripts/cuda --ignore-scripts \
 && rm -r node_modules/onnxruntime-node node_modules/onnxruntime-common \
 && mv scripts/cuda/node_modules/onnxruntime-node scripts/cuda/node_modules/onnxruntime-common node_modules/ \
 && mv scripts/cuda/node_modules/com.github.asus4.onnxruntime.linux-x64-gpu/Plugins/Linux/x64/*.so \
       node_modules/onnxruntime-node/bin/napi-v6/linux/x64/

# The packages of ONNX Runtime and the tokenizers carry the binaries of every platform: 300 MB that this image never loads.
FROM build-${DEVICE} AS build
RUN find node_modules/onnxruntime-node/bin -type f ! -path "*/linux/$(node -p process.arch)/*" -delete \
 && find node_modules/tokenizers -name "*.node" ! -name "*.linux-$(node -p process.arch)-gnu.node" -delete

FROM node:24-bookworm-slim AS base-cpu

FROM nvidia/cuda:13.0.2-runtime-ubuntu24.04 AS base-cuda
COPY --from=build-cpu /usr/local/bin/node /usr/local/bin/node

FROM base-${DEVICE}
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY models /models
# On this address the gateway starts only with NEXUS_API_KEY, NEXUS_KEYS_FILE, NEXUS_OIDC_ISSUER or NEXUS_AUTH=off.
ENV NODE_ENV=production NEXUS_HOST=0.0.0.0 NEXUS_MODEL_REPOSITORY=/models
EXPOSE 8000 8001
# A number, so that Kubernetes can check runAsNonRoot; the gateway writes nothing but unlinked temporary files.
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", \
  "const e = process.env; e.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch(`http${e.NEXUS_TLS_CERT ? 's' : ''}://127.0.0.1:${e.NEXUS_PORT || 8000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Exec form, in place of the base images' own scripts: the gateway is the process that receives the signals.
ENTRYPOINT ["node", "dist/main.js"]
