"""The upkeep of the log: the days that come are made, those that are too old are dropped, all or nothing.

Both lock the default partition against all others, and a drop locks the log itself (PostgreSQL 18, ALTER TABLE, ATTACH
PARTITION, and 5.12.2.2). The lock of the log comes first: who has it holds none of a partition, so nobody waits in a
circle. The default partition is locked before its rows move: a row that comes meanwhile would be in the way of its day.
Of what was measured, once a day, numbers of inputs and of bins go but for those of each day's last run: reports show
those of the newest run, and they are most of what a run keeps.
"""

from typing import Final

UPKEEP: Final = """
create or replace function $log_upkeep$() returns integer language plpgsql security definer
set search_path = pg_catalog, $schema$, pg_temp set lock_timeout = '2s' as $upkeep$
declare
    today date := (now() at time zone 'UTC')::date;
    kept interval;
    day date;
    part text;
    changed integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtext('modelyard'), hashtext({name})) then
        return 0;
    end if;
    select retention into kept from $log_settings$;
    if kept is not null then
        for part in
            select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = '$log$'::regclass and c.relname ~ ('^' || {name} || '_[0-9]{{8}}$')
              and to_date(right(c.relname, 8), 'YYYYMMDD') < today - kept
        loop
            if changed = 0 then
                lock table only $log$ in access exclusive mode;
            end if;
            execute format('drop table %I.%I', {schema}, part);
            changed := changed + 1;
        end loop;
        execute format('delete from $log_default$ where at < %L', (today - kept)::date || ' 00:00Z');
    end if;
    for day in select today + i from generate_series(-1, {ahead}) i loop
        part := {name} || to_char(day, '_YYYYMMDD');
        if to_regclass(format('%I.%I', {schema}, part)) is null then
            lock table $log_default$ in access exclusive mode;
            execute format('create table %I.%I (like $log$ including defaults including constraints)',
                           {schema}, part);
            execute format('with moved as (delete from $log_default$ where at >= %L and at < %L returning *)'
                           ' insert into %I.%I select * from moved',
                           day || ' 00:00Z', day + 1 || ' 00:00Z', {schema}, part);
            execute format('alter table $log$ attach partition %I.%I for values from (%L) to (%L)',
                           {schema}, part, day || ' 00:00Z', day + 1 || ' 00:00Z');
            changed := changed + 1;
        end if;
    end loop;
    if changed > 0 then
        delete from $log_quality$ q using (
            select ctid as place, max(at) over (partition by model, (at at time zone 'UTC')::date) as last
            from $log_quality$
            where at >= (today - 32)::timestamp at time zone 'UTC' and at < (today - 1)::timestamp at time zone 'UTC'
        ) as old
        where q.ctid = old.place and q.detail is not null and q.at < old.last;
    end if;
    return changed;
end
$upkeep$;
revoke all on function $log_upkeep$() from public;
"""
