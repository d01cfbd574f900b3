import { queueContract } from './queue.contract.ts';

queueContract('PostgreSQL');
