// The baseline: Fastify and pg as their authors show them, a prepared statement, a compiled schema of the answer, a cached check of the token.
import { createVerifier } from 'fast-jwt';
import fastify from 'fastify';
import pg from 'pg';
import { PROFILE_COLUMNS, PROFILE_PAGE, publicKeyOf } from './profile-page.ts';
import type { ProfileFields } from './profile-page.ts';
import { report } from './child.ts';

const { BENCH_URL, BENCH_COMPANY, BENCH_JWKS, BENCH_ISSUER } = process.env as Record<string, string>;

pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => new Date(text).toISOString());
const pool = new pg.Pool({ connectionString: BENCH_URL!, max: 10 });
const verify = createVerifier({
  key: await publicKeyOf(BENCH_JWKS!),
  allowedIss: BENCH_ISSUER!,
  allowedAud: 'angelis-api',
  cache: true,
});
const app = fastify();
const text = { type: ['string', 'null'] };
app.get(
  '/people',
  {
    schema: {
      response: {
        200: {
          type: 'object',
          properties: {
            items: {
              type: 'array',
              items: {
                type: 'object',
                properties: Object.fromEntries(
                  PROFILE_COLUMNS.map((name) => [
                    name,
                    name === 'version'
                      ? { type: 'integer' }
                      : name === 'attributes'
                        ? { type: 'object', additionalProperties: true }
                        : text,
                  ]),
                ),
              },
            },
            next: text,
          },
        },
      },
    },
  },
  async (request) => {
    try {
      verify((request.headers.authorization ?? '').slice(7));
    } catch {
      throw Object.assign(new Error('unauthenticated'), { statusCode: 401 });
    }
    const { rows } = await pool.query<ProfileFields>({
      name: 'page',
      text: PROFILE_PAGE,
      values: [BENCH_COMPANY, 51],
    });
    const items = rows.slice(0, 50);
    return { items, next: rows.length > 50 ? items.at(-1)!.id : null };
  },
);
report({ url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/people` });
