import { lifecycle, move } from '../../../platform/lifecycle/lifecycle.ts';
import { License } from './licenses.repository.ts';
import type { LicenseRow } from './licenses.repository.ts';

const released = (_about: unknown, now: Date): Partial<LicenseRow> => ({
  releasedAt: now.toISOString(),
  holders: [],
  byHand: false,
});
const audience = ({ profileId }: LicenseRow): readonly string[] => [profileId];

/** A license is released by hand or with its last work assignment; else it follows its subscription. */
export const licenseLifecycle = lifecycle<LicenseRow>({
  entity: License,
  initial: 'active',
  moves: {
    release: move({
      from: ['active'],
      to: 'released',
      permission: 'commerce:license:release',
      summary: 'Release a license: its seat is free again',
      when: ({ holders }) => (holders.length > 0 ? 'LICENSE_IN_USE' : undefined),
      set: released,
      audience,
    }),
    free: move({
      from: ['active', 'suspended'],
      to: 'released',
      system: true,
      summary: 'The last work assignment that needed it is over',
      set: released,
      audience,
    }),
    suspend: move({
      from: ['active'],
      to: 'suspended',
      system: true,
      summary: 'Its subscription is suspended',
      audience,
    }),
    resume: move({
      from: ['suspended'],
      to: 'active',
      system: true,
      summary: 'Its subscription is in force again',
      audience,
    }),
    expire: move({
      from: ['active', 'suspended'],
      to: 'expired',
      system: true,
      summary: 'Its subscription is over',
      audience,
    }),
  },
});
