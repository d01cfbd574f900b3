/** Streams are asked for as user `system`, all sessions at once; the loop over `app.enter` took five times as long. */
export const up = ['drop function app.holding(uuid, uuid[], bigint[], timestamptz)'];

export const down = [
  `create function app.holding(company uuid, sessions uuid[], epochs bigint[], at timestamptz) returns setof integer language plpgsql as $$
begin
  for i in 1 .. cardinality(sessions) loop
    begin
      perform app.enter(company, sessions[i], epochs[i], at);
      return next i;
    exception when sqlstate 'AN001' or sqlstate 'AN002' then null;
    end;
  end loop;
end $$`,
  `revoke all on function app.holding(uuid, uuid[], bigint[], timestamptz) from public`,
  `grant execute on function app.holding(uuid, uuid[], bigint[], timestamptz) to app`,
];
