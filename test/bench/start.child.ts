// The baseline of the start: Express with one route and a pool, as it is written when nothing else is asked.
import express from 'express';
import pg from 'pg';

const { PORT, BENCH_URL } = process.env as Record<string, string>;
const pool = new pg.Pool({ connectionString: BENCH_URL! });
const app = express();
app.get('/health', async (_request, response) => {
  await pool.query('select 1');
  response.json({ status: 'ok' });
});
app.listen(Number(PORT), '127.0.0.1');
