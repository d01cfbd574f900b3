import { createHash } from 'node:crypto';
import type { SourceFile } from './files.ts';

const patterns: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\n|\s)+[\w+/=\\\s]{64,}/gu],
  ['an AWS key', /\b(?:AKIA|ASIA)[A-Z\d]{16}\b/gu],
  ['an Azure account key', /AccountKey=[\w+/]{80,}={0,2}/gu],
  ['a Twilio key', /\b(?:SK|AC)[\da-f]{32}\b/gu],
  ['a GitHub token', /\bgh[pousr]_\w{36,}\b|\bgithub_pat_\w{60,}\b/gu],
  ['an npm token', /\bnpm_\w{36}\b/gu],
  ['a Slack token', /\bxox[abprs]-[\w-]{20,}/gu],
  ['an Anthropic key', /\bsk-ant-[\w-]{20,}/gu],
  ['a signed web token', /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{40,}/gu],
  ['a Sentry DSN', /https:\/\/[\da-f]{32}@[\w.-]+\/\d+/gu],
];

// SHA-256 of values that are published and open nothing, each with its reason.
const published: ReadonlyMap<string, string> = new Map();

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Places in the files that look like a credential, named by file and line, never shown. */
export const leakedSecrets = (files: readonly SourceFile[]): string[] =>
  files.flatMap(({ path, text }) =>
    patterns.flatMap(([kind, pattern]) =>
      Array.from(text.matchAll(pattern))
        .filter(([found]) => !published.has(digest(found)))
        .map(
          ({ index }) =>
            `${path}:${text.slice(0, index).split('\n').length} looks like ${kind}: remove it and revoke it`,
        ),
    ),
  );
