# The worker, the codec server, the simulator and the `marketplace` command: one image.
# Pinned images, the lockfile's packages, and nothing from a package manager besides.
FROM node:24.21.0-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY src src
COPY workflows workflows
COPY activities activities
# Without what only building needs, and without the SDK's native modules for other systems.
RUN npm run build && npm prune --omit=dev \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM node:24.21.0-bookworm-slim
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gitlab-marketplace-temporal" \
  org.opencontainers.image.description="Durable GitLab Marketplace purchases on Temporal" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.licenses="MIT"
# The worker's health is asked for below, and by orchestrators.
ENV NODE_ENV=production \
  MARKETPLACE_HEALTH_ADDRESS=0.0.0.0:8081
WORKDIR /app
# Temporal's native client takes its trust anchors from the system, and the slim image has none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /app/package.json /app/package-lock.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY examples/order.json examples/order.json
COPY docs docs
COPY schema schema
COPY CHANGELOG.md LICENSE ./
USER 1000:1000
EXPOSE 8081 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the process that gets SIGTERM: a shell or npm in between would swallow it.
ENTRYPOINT []
CMD ["node", "dist/src/worker/main.js"]
