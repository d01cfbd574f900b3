import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import { conflict } from '../../../platform/problem.ts';
import type { ProfileActivation } from './profile-activation.ts';

/** Makes an invited profile active with its person. */
export const createActivation = (changes: Pick<ChangeRecorder, 'event'>): ProfileActivation => ({
  activate: async (tx, profileId, personId) => {
    const rows = await tx.prepared(
      `update profile set person_id = $3, status = 'active', epoch = epoch + 1, version = version + 1, updated_at = $4
       where company_id = $1 and id = $2 and status = 'invited' and deleted_at is null returning id`,
      [tx.companyId, profileId, personId, tx.now],
    );
    if (rows.length === 0) throw conflict('INVALID_TRANSITION', { params: { move: 'activate', state: '?' } });
    await tx.prepared(
      'insert into person_company (person_id, company_id, profile_id, created_at) values ($1, $2, $3, $4)',
      [personId, tx.companyId, profileId, tx.now],
    );
    await changes.event(tx, {
      entity: 'profile',
      entityId: profileId,
      action: 'activate',
      after: { status: 'active' },
    });
  },
});
