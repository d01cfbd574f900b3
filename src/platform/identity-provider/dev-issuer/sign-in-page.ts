import { createHash } from 'node:crypto';

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;margin:4rem auto;max-width:22rem;padding:0 1rem}
.mark{background:#b00020;color:#fff;padding:.5rem;text-align:center;font-weight:bold}
label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}input,button{padding:.5rem;margin:.25rem 0 1rem}
.failed{color:#b00020}`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Development sign-in</title>
<style>${STYLE}</style></head><body><p class="mark">DEVELOPMENT ONLY</p>${body}</body></html>`;
}

/** The sign-in form; `action` and `username` may hold anything. */
export function signInPage(view: { action: string; username: string; failed: boolean }): string {
  return page(`<h1>Angelis</h1>${view.failed ? '<p class="failed" role="alert">Invalid username or password.</p>' : ''}
<form method="post" action="${escape(view.action)}">
<label>Username or email<input name="username" value="${escape(view.username)}" autocomplete="username" required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></form>`);
}

export function errorPage(message: string): string {
  return page(`<p class="failed" id="kc-error-message">${escape(message)}</p>`);
}

/** No scripts, no frames, nothing from elsewhere; the form may lead on to the client's own origin. */
export function pagePolicy(redirectUri?: string): string {
  const onward = redirectUri === undefined ? '' : ` ${new URL(redirectUri).origin}`;
  return `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'${onward}; frame-ancestors 'none'; base-uri 'none'`;
}
