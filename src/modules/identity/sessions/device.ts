import { parseUserAgent } from 'detect-browser';

/** What people call what the library has several names for. */
const BROWSERS: Readonly<Record<string, string>> = {
  chrome: 'Chrome',
  crios: 'Chrome',
  'chromium-webview': 'Chrome',
  edge: 'Edge',
  'edge-chromium': 'Edge',
  'edge-ios': 'Edge',
  firefox: 'Firefox',
  fxios: 'Firefox',
  safari: 'Safari',
  ios: 'Safari',
  'ios-webview': 'Safari',
  samsung: 'Samsung Internet',
  opera: 'Opera',
};
const SYSTEMS: Readonly<Record<string, string>> = { 'Android OS': 'Android', 'Mac OS': 'macOS' };

/** The browser and system behind a User-Agent header, as its owner knows them: `Chrome, Windows 10`. Null for others. */
export const deviceOf = (agent: string): string | null => {
  const found = parseUserAgent(agent);
  if (found?.type !== 'browser') return null;
  const browser = BROWSERS[found.name] ?? found.name;
  return found.os === null ? browser : `${browser}, ${SYSTEMS[found.os] ?? found.os}`;
};
