import type { Command } from 'commander';
import { readSettings } from '../../platform/settings/settings.ts';

const tell = (text: string): void => void process.stdout.write(`${text}\n`);

const HELP = `
The file is config/keycloak/angelis-realm.json, with PUBLIC_URL, ADMIN_REDIRECT_URIS, KEYCLOAK_ADMIN_CLIENT_SECRET and the
public half of KEYCLOAK_OTP_KEY filled in; the realm is KEYCLOAK_REALM at KEYCLOAK_URL.
  diff and lint --live look as the service account, and print no secret
  apply signs in as an administrator of Keycloak, whom the service account is not: KEYCLOAK_BOOTSTRAP_USERNAME (admin)
  of Keycloak's realm master. The password is asked for, read from the input when that is no terminal, or taken from
  KEYCLOAK_BOOTSTRAP_PASSWORD. Applying again changes nothing.`;

/** `angelis realm apply | diff | lint` */
export const realmCommands = (program: Command): void => {
  const realm = program
    .command('realm')
    .description('makes Keycloak’s realm what the file of this release says')
    .addHelpText('after', HELP);
  realm
    .command('apply')
    .description('makes the realm, or brings an existing one to what the file says; what only the realm has is left')
    .addHelpText('after', HELP)
    .action(async () => {
      const { apply } = await import('./realm-run.ts');
      await apply(readSettings(process.env, { keep: false }), tell, process.stdin, process.stderr);
    });
  realm
    .command('diff')
    .description('shows in what the realm differs from the file, both ways; exit code 1 where it does')
    .addHelpText('after', HELP)
    .action(async () => {
      const { diff } = await import('./realm-run.ts');
      await diff(readSettings(process.env, { keep: false }), tell);
    });
  realm
    .command('lint')
    .description('names what no realm of this system may have; exit code 1 where there is some')
    .argument('[file]', 'another file than that of this release, such as an export')
    .option('--live', 'the realm at Keycloak, not a file')
    .addHelpText(
      'after',
      `
It refuses the implicit grant, the password grant elsewhere than on the worker client and, by username alone, on the OTP
client, codes without PKCE S256, wildcard redirects, brute force detection that is off or unlike this system's, access tokens
over five minutes, refresh tokens that are good twice, passwords that Keycloak resets, self-registration, identity providers,
user federation, a client without audience mapper, roles that are not the staff's, those of the staff in tokens of another client
than angelis-admin, those of the staff or of administrators that come by another role, a group or a machine, mappers that may
claim anything, a machine client with any role or group of its own, and any way in for the staff without a second factor.`,
    )
    .action(async (file: string | undefined, { live }: { live?: true }, command: Command) => {
      if (file !== undefined && live === true) command.error('error: --live takes no file', { exitCode: 2 });
      const { lint } = await import('./realm-run.ts');
      await lint(live === true ? readSettings(process.env, { keep: false }) : file, tell);
    });
};
