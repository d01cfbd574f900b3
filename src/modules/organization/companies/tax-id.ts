import { invalid } from '../../../platform/module.ts';
import { parseRut } from '../../../platform/text/rut.ts';
import type { CompanyRow } from './companies.repository.ts';

const ZONES_OF_CHILE: readonly string[] = [
  'America/Santiago',
  'America/Punta_Arenas',
  'America/Coyhaique',
  'Pacific/Easter',
  'Chile/Continental',
  'Chile/EasterIsland',
];

/** Letters and digits, with one of ` ./-` between. */
const WRITTEN = /^[A-Z0-9](?:[ ./-]?[A-Z0-9])*$/;
const [SHORTEST, LONGEST, FEWEST_DIGITS] = [5, 20, 5];

const isChilean = ({ addresses, timezone }: Pick<CompanyRow, 'addresses' | 'timezone'>): boolean => {
  const legal = addresses.find(({ kind }) => kind === 'legal');
  return legal === undefined ? ZONES_OF_CHILE.includes(timezone) : legal.country === 'CL';
};

/**
 * The one written form of a company's tax id: a RUT where its legal address, or without one its zone, is in Chile; elsewhere 5 to
 * 20 letters and digits, of these 5 digits at least, in capitals. Throws 422 at `/taxId` when it is none.
 */
export const taxIdOf = (company: Pick<CompanyRow, 'taxId' | 'addresses' | 'timezone'>): string | null => {
  if (company.taxId === null) return null;
  if (isChilean(company)) {
    const result = parseRut(company.taxId);
    if (!result.ok) throw invalid('/taxId', result.problem);
    return result.rut.value;
  }
  const text = company.taxId.trim().toUpperCase();
  const kept = text.replaceAll(/[^A-Z0-9]/g, '');
  const digits = kept.replaceAll(/\D/g, '').length;
  if (!WRITTEN.test(text) || kept.length < SHORTEST || kept.length > LONGEST || digits < FEWEST_DIGITS)
    throw invalid('/taxId', 'TAX_ID');
  return text;
};
