import { Argument } from 'commander';
import type { Command } from 'commander';
import { KEY_SETTINGS } from '../../platform/settings/key-place.ts';
import type { KeySetting } from '../../platform/settings/key-place.ts';
import { readSettings } from '../../platform/settings/settings.ts';

const HELP = `
Keys carry ids, so that a new one comes in without a pause. Run "keys rotate NAME", restart every process, and again:
  1. a new key is added: every process can read it, none writes with it
  2. the new key comes first: every process writes with it
  3. DATA_KEY, LOOKUP_KEY: what stands under the old keys is encrypted anew, then they go
SIGNING_KEY: cursors and links of the old key end after a day; --retire removes it then. CHAIN_KEY: old keys stay for ever,
the trail is verified with them.
The keys are changed where they are kept: the file of NAME_FILE, or embedded mode's secrets.json; where the environment
holds them, --out FILE says where to write the new value for you to put there.`;

/** `angelis keys rotate | status` */
export const keysCommands = (program: Command): void => {
  const keys = program.command('keys').description('rotates the keys of personal data, look-ups, links and the trail');
  keys
    .command('rotate')
    .description('takes the next step of a rotation, and says what comes after it')
    .addArgument(new Argument('<name>', 'which keys').choices(KEY_SETTINGS))
    .option('--out <file>', 'write the new value here, for keys that the environment holds itself')
    .option('--retire', 'SIGNING_KEY: remove the old keys')
    .addHelpText('after', HELP)
    .action(async (name: KeySetting, options: { out?: string; retire?: true }) => {
      const { rotate } = await import('./keys-rotate.ts');
      await rotate(readSettings(process.env), name, options, (text) => void process.stdout.write(`${text}\n`));
    });
  keys
    .command('status')
    .description('lists the ids of all keys, and how many values stand under old ones')
    .action(async () => {
      const { status } = await import('./keys-rotate.ts');
      await status(readSettings(process.env), (text) => void process.stdout.write(`${text}\n`));
    });
};
