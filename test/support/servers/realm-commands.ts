import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { readSettings } from '../../../src/platform/settings/settings.ts';
import type { Settings } from '../../../src/platform/settings/settings.ts';
import { apply, diff, lint } from '../../../src/wiring/commands/realm-run.ts';
import { serverSetting } from './settings.ts';

/** `angelis realm` for one realm of the Keycloak of `scripts/servers`; each answers the lines that it prints, and with what it fails. */
export interface RealmCommands {
  readonly applied: (password?: string) => Promise<readonly string[]>;
  readonly drift: () => Promise<readonly string[]>;
  readonly faults: () => Promise<readonly string[]>;
  /** The same for a service with other settings. */
  readonly with: (more: Partial<Settings>) => RealmCommands;
}

const commandsOf = (settings: Settings): RealmCommands => {
  const run = async (work: (tell: (text: string) => void) => Promise<void>): Promise<readonly string[]> => {
    const lines: string[] = [];
    await work((text) => lines.push(text)).catch((error: unknown) => lines.push(`failed: ${(error as Error).message}`));
    expect(lines.join('\n')).to.not.contain(serverSetting('KEYCLOAK_ADMIN_CLIENT_SECRET'));
    return lines;
  };
  return {
    applied: (password = serverSetting('ANGELIS_TEST_KEYCLOAK_ADMIN_PASSWORD')) => {
      const input = new PassThrough();
      input.end(`${password}\n`);
      return run((tell) => apply(settings, tell, input, new PassThrough()));
    },
    drift: () => run((tell) => diff(settings, tell)),
    faults: () => run((tell) => lint(settings, tell)),
    with: (more) => commandsOf({ ...settings, ...more }),
  };
};

/** The commands for the realm of this name, there already or yet to be made. */
export const openRealmCommands = async (name: string): Promise<RealmCommands> =>
  commandsOf(
    readSettings(
      {
        PUBLIC_URL: 'https://angelis.example',
        KEYCLOAK_URL: serverSetting('KEYCLOAK_URL'),
        KEYCLOAK_REALM: name,
        KEYCLOAK_ADMIN_CLIENT_SECRET: serverSetting('KEYCLOAK_ADMIN_CLIENT_SECRET'),
        KEYCLOAK_OTP_KEY: await readFile(serverSetting('KEYCLOAK_OTP_KEY_FILE'), 'utf8'),
      },
      { keep: false },
    ),
  );
