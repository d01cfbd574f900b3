/** The `code` of a Node.js or PostgreSQL error ("ENOENT", "23505"), undefined for anything else that was thrown. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
