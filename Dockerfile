FROM node:22-bookworm-slim AS build
WORKDIR /app
# a compiler for better-sqlite3, where no prebuilt binary can be had
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json LICENSE ./
RUN npm ci --no-audit --no-fund --loglevel=error
COPY scripts ./scripts
COPY src ./src
RUN node scripts/run.mjs build
# the bundle needs two packages at run time: better-sqlite3, its built part and the two that find it, and re2js
RUN mkdir -p /out/node_modules/better-sqlite3/build/Release /out/node_modules/re2js/build \
  && cp -r dist package.json LICENSE /out/ \
  && cp -r node_modules/bindings node_modules/file-uri-to-path /out/node_modules/ \
  && cp node_modules/re2js/package.json node_modules/re2js/LICENSE /out/node_modules/re2js/ \
  && cp node_modules/re2js/build/index.cjs /out/node_modules/re2js/build/ \
  && cp -r node_modules/better-sqlite3/package.json node_modules/better-sqlite3/lib /out/node_modules/better-sqlite3/ \
  && cp node_modules/better-sqlite3/build/Release/better_sqlite3.node /out/node_modules/better-sqlite3/build/Release/

FROM node:22-bookworm-slim
# inside a container every address is needed, and who reaches it is decided where its port is mapped: -p 127.0.0.1:3473:3473
ENV NODE_ENV=production \
  FIREWORKS_EMULATOR_HOST=0.0.0.0 \
  FIREWORKS_EMULATOR_CONTROL_TOKEN=none \
  FIREWORKS_EMULATOR_DB=/data/emulator.db
WORKDIR /app
COPY --from=build /out ./
COPY fixtures ./fixtures
COPY shims ./shims
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3473
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.FIREWORKS_EMULATOR_PORT??3473)+'/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["start"]
