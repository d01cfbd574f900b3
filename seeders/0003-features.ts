import { v7 as uuidv7 } from 'uuid';
import type { SeedSet } from '../src/platform/db/seed.ts';

const FEATURES = [
  { code: 'checklists', names: { es: 'Listas de verificación', en: 'Checklists', fr: 'Listes de contrôle' } },
  { code: 'field_service', names: { es: 'Servicio en terreno', en: 'Field service', fr: 'Service sur le terrain' } },
  { code: 'fitness', names: { es: 'Pruebas de aptitud', en: 'Fitness tests', fr: "Tests d'aptitude" } },
  {
    code: 'live_transcription',
    names: { es: 'Transcripción en vivo', en: 'Live transcription', fr: 'Transcription en direct' },
    unit: 'second',
    period: 'month',
  },
];

/** What the offerings are made of. What staff changed since stays as they left it. */
const features: SeedSet = {
  name: 'features',
  version: 1,
  run: async (client, now) => {
    for (const { code, names, unit, period } of FEATURES)
      await client.query(
        `insert into feature (id, code, names, type, on_by_default, unit, period, status, created_at, updated_at)
         values ($1, $2, $3, 'permission', false, $4, $5, 'active', $6, $6) on conflict (code) do nothing`,
        [uuidv7(), code, JSON.stringify(names), unit ?? null, period ?? null, now],
      );
  },
};

export default features;
