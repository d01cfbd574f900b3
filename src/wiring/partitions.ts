import { PARTITIONED } from '../platform/db/partitions.ts';

/** Every table that is partitioned by month: the platform's and the modules'. */
export const PARTITIONED_TABLES: readonly string[] = [...PARTITIONED, 'test_result'];
