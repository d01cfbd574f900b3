import { auditTrailModule } from '../modules/reporting/audit-trail/audit-trail.router.ts';
import { createAuditTrailService } from '../modules/reporting/audit-trail/audit-trail.service.ts';
import { Session } from '../modules/identity/sessions/sessions.repository.ts';
import { createTrail } from '../platform/change/trail.ts';
import { createVerifier } from '../platform/change/verifier.ts';
import { createCursors } from '../platform/db/cursor.ts';
import type { Module } from '../platform/http/module.ts';
import { checkpointFiles } from './checkpoint-files.ts';
import type { Platform } from './platform.ts';

/** The change log as its readers see it. */
export const wireAuditTrail = (platform: Platform): Module => {
  const { keys, now, files, vault } = platform;
  const trail = createTrail(createCursors(keys.signing, now), vault, [Session.table]);
  const verifier = createVerifier({ keyRing: keys.chain, store: checkpointFiles(files), now });
  const service = createAuditTrailService({ ...platform, trail, verifier });
  return auditTrailModule({ service, searchQuery: trail.search.query, historyQuery: trail.historyQuery });
};
