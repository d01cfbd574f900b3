import { Argument } from 'commander';
import type { Command } from 'commander';
import { KEY_SETTINGS } from '../../platform/settings/key-place.ts';
import type { KeySetting } from '../../platform/settings/key-place.ts';
import { readSettings } from '../../platform/settings/settings.ts';

const HELP = `
Keys carry ids, so that a new one comes in while everything runs. Where they are kept in files (NAME_FILE, or embedded mode's
secrets.json) every process reads them again within a second, and one run does all of it:
  1. a new key is added, which every process then knows
  2. the new key comes first: every process writes with it
  3. DATA_KEY, LOOKUP_KEY: what stands under the old keys comes under the new one
  4. the old keys go once what was made with them is over: codes and sign-ins after 15 minutes; cursors and links
     (SIGNING_KEY) after a day, for which it is run again. CHAIN_KEY: they stay for ever, the trail is verified with them
Stopped at any point, it goes on where it was. It waits for the processes that tell of themselves in the database; one that
reads another copy of the file has to be given the new value. Where the environment holds keys, --out FILE says where to
write each new value for you to put there; restart every process with it, and run this again.`;

/** `angelis keys rotate | status` */
export const keysCommands = (program: Command): void => {
  const keys = program.command('keys').description('rotates the keys of personal data, look-ups, links and the trail');
  keys
    .command('rotate')
    .description('brings a new key in and the old ones out, while everything runs')
    .addArgument(new Argument('<name>', 'which keys').choices(KEY_SETTINGS))
    .option('--out <file>', 'write the new value here, for keys that the environment holds itself')
    .option('--retire', 'remove the old keys without waiting until what was made with them is over')
    .addHelpText('after', HELP)
    .action(async (name: KeySetting, options: { out?: string; retire?: true }) => {
      const { rotate } = await import('./keys-rotate.ts');
      await rotate(readSettings(process.env), name, options, (text) => void process.stdout.write(`${text}\n`));
    });
  keys
    .command('status')
    .description('lists the ids of all keys, and how many values stand under old ones')
    .action(async () => {
      const { status } = await import('./keys-status.ts');
      await status(readSettings(process.env), (text) => void process.stdout.write(`${text}\n`));
    });
};
