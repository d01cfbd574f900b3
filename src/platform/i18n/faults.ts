type Params = Readonly<Record<string, string | number>>;

/** By what i18next finds the text of a fault that has its own: `format_date`, `minLength_one`. */
const formOf = (limit: string | number | undefined): Params => {
  if (typeof limit === 'number') return { count: limit };
  return limit === undefined ? {} : { context: limit };
};

/** What a fault of a field says to whoever reads it: texts of `faults.json` in the locales, by code, with the form that its limit asks for. */
export const faultText = (t: (key: string, params?: Params) => string, code: string, params?: Params): string =>
  t(`faults:${code}`, { ...params, ...formOf(params?.['limit']) });
