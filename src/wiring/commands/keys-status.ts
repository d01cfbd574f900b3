import { parseKeyRing } from '../../platform/crypto/key-ring.ts';
import { countLeft } from '../../platform/crypto/rekey.ts';
import { KEY_SETTINGS } from '../../platform/settings/key-place.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { rekeyingsIn, withKeyParts } from './keys-parts.ts';

/** Prints ids, never keys, and what is left under old ones. */
export const status = (settings: Settings, say: (text: string) => void): Promise<void> =>
  withKeyParts(settings, async (parts) => {
    for (const name of KEY_SETTINGS) {
      const [current, ...old] = parseKeyRing(settings[name]).keys.map(({ id }) => id);
      say(`${name}: writes with ${current}${old.length === 0 ? '' : `, reads ${old.join(', ')}`}`);
    }
    const all = await parts.rekeying();
    for (const one of rekeyingsIn(settings))
      say(`  ${one.name}: ${await countLeft(one, all)} under old keys of ${one.ring}`);
    for (const { name, keys } of await parts.running(new Date()))
      say(`  ${name} writes with ${KEY_SETTINGS.map((setting) => `${setting} ${keys[setting][0]}`).join(', ')}`);
  });
