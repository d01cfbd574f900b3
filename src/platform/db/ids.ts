/** The least id (UUIDv7, which begins in 1970) that can have been made at `at` or later: turns a time into a range of ids. */
export const idFloor = (at: Date): string => {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};
