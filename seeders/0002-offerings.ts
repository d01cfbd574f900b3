import { v7 as uuidv7 } from 'uuid';
import type { SeedSet } from '../src/platform/db/seed.ts';

const OFFERINGS = [
  {
    code: 'CHECKINGMATE',
    names: {
      es: 'CheckingMate, listas de verificación',
      en: 'CheckingMate checklists',
      fr: 'CheckingMate, listes de contrôle',
    },
    features: ['checklists'],
    unit: 'seat_month',
    priceMinor: 3_500,
  },
  {
    code: 'DICTATION',
    names: { es: 'Dictado y transcripción', en: 'Dictation and transcription', fr: 'Dictée et transcription' },
    features: ['live_transcription'],
    unit: 'seat_month',
    priceMinor: 9_000,
  },
  {
    code: 'FIELD_SERVICE',
    names: { es: 'Servicio en terreno', en: 'Field service', fr: 'Service sur le terrain' },
    features: ['field_service'],
    unit: 'company_month',
    priceMinor: 250_000,
  },
  {
    code: 'FIT2000',
    names: { es: 'Fit2000, prueba ocular', en: 'Fit2000 ocular test', fr: 'Fit2000, test oculaire' },
    features: ['fitness'],
    unit: 'seat_month',
    priceMinor: 6_000,
  },
  {
    code: 'SAFER',
    names: { es: 'SaferApp, prueba de reacción', en: 'SaferApp reaction test', fr: 'SaferApp, test de réaction' },
    features: ['fitness'],
    unit: 'seat_month',
    priceMinor: 5_000,
  },
];

/** What companies can subscribe to; prices are in whole Chilean pesos. What staff changed since stays as they left it. */
const offerings: SeedSet = {
  name: 'offerings',
  version: 1,
  run: async (client, now) => {
    for (const { code, names, features, unit, priceMinor } of OFFERINGS)
      await client.query(
        `insert into offering (id, code, names, features, unit, price_minor, currency, offered, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, 'CLP', true, $7, $7) on conflict (code) do nothing`,
        [uuidv7(), code, JSON.stringify(names), features, unit, priceMinor, now],
      );
  },
};

export default offerings;
