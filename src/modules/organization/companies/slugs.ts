/** Names that would be read as something else in a host or a path, or pass for the operator. */
const RESERVED: ReadonlySet<string> = new Set(
  `admin administrator angelis api app assets auth blog cdn console dashboard demo dev docs download email files ftp health
  help id identity imap internal keycloak legal localhost login logout mail metrics mobile news null operator payments ping
  pop portal postmaster privacy public realms root security signin signup smtp staff staging static status store support
  system test undefined webmail webhook www`.split(/\s+/),
);

/** Why a slug cannot be; undefined when it can. Its form is the schema's matter: `[a-z0-9-]{3,63}`. */
export const slugFault = (slug: string): 'SLUG_RESERVED' | 'SLUG_HYPHENS' | undefined => {
  if (RESERVED.has(slug)) return 'SLUG_RESERVED';
  return /^-|-$|--/.test(slug) ? 'SLUG_HYPHENS' : undefined;
};
