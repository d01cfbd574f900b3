const SPECIAL: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const TO_ESCAPE = /[\\\t\n\r]/;
const ALL_TO_ESCAPE = /[\\\t\n\r]/g;

/** One cell in the text format of COPY; null is `\N`. */
export const copyCell = (value: string | number | boolean | null): string => {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return String(value);
  return TO_ESCAPE.test(value) ? value.replaceAll(ALL_TO_ESCAPE, (sign) => SPECIAL[sign]!) : value;
};
