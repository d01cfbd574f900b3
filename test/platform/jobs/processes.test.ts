import { processContract } from './processes.contract.ts';

processContract('PostgreSQL');
