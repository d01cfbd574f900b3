import express from 'express';
import type { Router } from 'express';
import { decodeJwt } from 'jose';

/** Stands for this system's back-channel logout endpoint: remembers the logout tokens that arrive. */
export function backChannel(): { router: Router; tokens: string[]; sids: () => string[] } {
  const tokens: string[] = [];
  const router = express.Router();
  router.post('/', express.urlencoded({ extended: false }), (request, response) => {
    const body: unknown = request.body;
    if (typeof body === 'object' && body !== null && 'logout_token' in body) tokens.push(String(body.logout_token));
    response.status(204).end();
  });
  return { router, tokens, sids: () => tokens.map((token) => String(decodeJwt(token)['sid'])) };
}
