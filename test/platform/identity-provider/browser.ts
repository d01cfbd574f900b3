/** A person's browser on the provider's sign-in page: keeps cookies, fills in the form, stops at the redirect. */
export interface SignInPage {
  html: string;
  headers: Headers;
  submit: (username: string, password: string) => Promise<Response>;
}

function unescape(text: string): string {
  return text.replaceAll('&amp;', '&').replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)));
}

/** Where the form of a page leads. */
export function formOf(html: string): string {
  const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1];
  if (action === undefined) throw new Error('There is no form on the page');
  return unescape(action);
}

/** Opens the page at an authorization URL. */
export async function openSignInPage(url: string): Promise<SignInPage> {
  const response = await fetch(url, { redirect: 'manual' });
  const html = await response.text();
  const action = formOf(html);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  return {
    html,
    headers: response.headers,
    submit: (username, password) =>
      fetch(action, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie },
        body: new URLSearchParams({ username, password }),
      }),
  };
}

/** Signs in and returns the parameters with which the browser is sent back. */
export async function signInByBrowser(url: string, username: string, password: string): Promise<URLSearchParams> {
  const page = await openSignInPage(url);
  const response = await page.submit(username, password);
  const location = response.headers.get('location');
  if (location === null) throw new Error(`The sign-in page did not lead on (status ${response.status})`);
  return new URL(location).searchParams;
}
