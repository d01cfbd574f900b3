import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { Router } from 'express';

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Angelis API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css"></head>
<body><div id="swagger"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script></body></html>`;
const START = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#swagger', deepLinking: true, persistAuthorization: false });`;
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/** The OpenAPI document and an interactive reference that loads nothing from elsewhere; the bare address leads to it. */
export const docsRouter = (document: () => object): Router => {
  const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  let text: string | undefined;
  const router = Router();
  router.get('/', ({ baseUrl }, response) => {
    response.redirect(`${baseUrl}/docs`);
  });
  router.get('/openapi.json', (_request, response) => {
    text ??= JSON.stringify(document());
    response.set('Cache-Control', 'no-cache').type('application/json').send(text);
  });
  router.get('/docs', ({ baseUrl, path }, response) => {
    // The page names its parts as they are seen from here.
    if (path.endsWith('/')) response.redirect(`${baseUrl}/docs`);
    else response.set('Content-Security-Policy', POLICY).type('html').send(PAGE);
  });
  router.use('/docs/assets/start.js', (_request, response) => {
    response.type('js').send(START);
  });
  router.use('/docs/assets', express.static(assets, { index: false, immutable: true, maxAge: '1d' }));
  return router;
};
