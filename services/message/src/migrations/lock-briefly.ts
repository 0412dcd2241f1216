import type { QueryRunner } from 'typeorm'

/** Pods give up a lock after 1.2 s, and whoever comes behind this one waits as long as it does. */
const attemptMs = 300
const attempts = 40

/**
 * Locks tables of the schema against everything until the end of the transaction. First against vacuum alone, which nobody else
 * notices and which ends an autovacuum; then in attempts of 300 ms, with as much time for others between two. Throws
 * `lock_not_available` after half a minute.
 */
export const lockBriefly = async (runner: QueryRunner, ...tables: readonly string[]): Promise<void> => {
  const list = tables.map(table => `message.${table}`).join(', ')
  await runner.query(`LOCK TABLE ${list} IN SHARE UPDATE EXCLUSIVE MODE`)
  await runner.query(`
    DO $$
    DECLARE before text := current_setting('lock_timeout');
    BEGIN
      PERFORM set_config('lock_timeout', '${attemptMs}ms', true);
      FOR attempt IN 1..${attempts} LOOP
        BEGIN
          LOCK TABLE ${list} IN ACCESS EXCLUSIVE MODE;
          PERFORM set_config('lock_timeout', before, true);
          RETURN;
        EXCEPTION WHEN lock_not_available THEN
          IF attempt = ${attempts} THEN RAISE; END IF;
        END;
        PERFORM pg_sleep(${attemptMs / 1000});
      END LOOP;
    END $$`)
}
