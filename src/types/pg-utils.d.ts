declare module 'pg/lib/utils.js' {
  const utils: {
    /** A value as it travels to PostgreSQL. */
    readonly prepareValue: (value: unknown) => string | Buffer | null;
  };
  export default utils;
}
