import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { invalid } from '../../../platform/problem.ts';

interface Contact {
  readonly contactEmail?: string | null;
  readonly contactPhone?: string | null;
}

const phone = (written: string): string => {
  const parsed = parsePhoneNumberFromString(written, { defaultCountry: 'CL', extract: false });
  if (parsed?.isValid() !== true) throw invalid('/contactPhone', 'PHONE');
  return parsed.number;
};

/** Contact data as it is stored: the address in lower case, the phone in E.164 (a number without `+` is Chilean). 422 for a phone that is none. */
export const normalizeContact = ({ contactEmail, contactPhone }: Contact): Contact => ({
  ...(contactEmail !== undefined && { contactEmail: contactEmail?.toLowerCase() ?? null }),
  ...(contactPhone !== undefined && { contactPhone: contactPhone === null ? null : phone(contactPhone) }),
});
