/** A holding sees which companies belong to it: their row in this table, and nothing else of theirs. */
export const up = [
  `create policy company_holding on company for select to app
     using (parent_id = nullif(current_setting('app.company_id', true), '')::uuid)`,
];

export const down = ['drop policy company_holding on company'];
