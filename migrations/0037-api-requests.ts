import { isolate } from '../src/platform/db/ddl.ts';

/** How many requests a company's machine clients made on a day of its zone. */
export const up = [
  `create table api_requests (
     company_id uuid not null,
     day date not null,
     used integer not null,
     constraint api_requests_pkey primary key (company_id, day),
     constraint api_requests_company_id_fkey foreign key (company_id) references company (id),
     constraint api_requests_used_check check (used >= 0))`,
  ...isolate('api_requests'),
  'grant select, insert, update, delete on api_requests to app',
];

export const down = ['drop table api_requests'];
