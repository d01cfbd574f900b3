import type { PersonRow } from './persons.repository.ts';

/** Whether the state of a person lets them sign in. A lock is the identity provider's to hold. */
export const maySignIn = ({ status }: Pick<PersonRow, 'status'>): boolean => status === 'active' || status === 'locked';
