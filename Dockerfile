# The worker, and every other `promote` command. docs/how-to/run-in-production.md
#
# A tag can be moved, a digest cannot. To pin the base, look its digest up where you can reach the registry
# (`docker buildx imagetools inspect node:22.23.2-bookworm-slim`) and build with
# `--build-arg NODE_IMAGE=node:22.23.2-bookworm-slim@sha256:…`. Temporal's native core is linked with glibc: no Alpine.
ARG NODE_IMAGE=node:22.23.2-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/bundle-workflows.mjs scripts/
COPY src src
COPY activities activities
COPY workflows workflows
COPY worker worker
# Compiles, and makes the workflows' bundle: a worker that starts builds nothing.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates git openssh-client tini \
  && rm -rf /var/lib/apt/lists/*
# A fixed id, so that files in a volume keep their owner from one image to the next. The folders are where volumes go: a new
# volume takes their owner and rights.
RUN groupadd --gid 10001 promote \
  && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin promote \
  && install -d -m 0700 -o promote -g promote /var/lib/promote /var/lib/promote-evidence \
  && ln -s /app/bin/promote /usr/local/bin/promote
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY bin bin
COPY runbooks runbooks
# glibc's malloc would keep what was freed: three quarters of a worker's memory outside of JavaScript. docs/decisions/0040-what-waits.md
ENV MALLOC_ARENA_MAX=2 \
    MALLOC_TRIM_THRESHOLD_=131072
ENV NODE_ENV=production \
    PROMOTE_DATA_DIR=/var/lib/promote \
    PROMOTE_EVIDENCE_DIR=/var/lib/promote-evidence \
    PROMOTE_HEALTH_ADDRESS=127.0.0.1:8081
USER 10001:10001
# Alive, not ready: an orchestrator that restarts what is unhealthy must not do so because Temporal is away.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Commands of a runbook may leave children behind: something has to reap them.
ENTRYPOINT ["/usr/bin/tini", "--", "promote"]
CMD ["--json", "worker"]
