import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * What begins a session, in one round trip: five statements, each of which sees what was committed before it, so those behind
 * the lock see the sessions of who held it. A single statement with parts (WITH) would see what was there before it waited.
 */
export class BeginSession1767225600003 implements MigrationInterface {
  readonly name = 'BeginSession1767225600003'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION auth.begin_session(
        its_user uuid, checked_hash text, new_session uuid, agent text, begun_at timestamptz, ends_at timestamptz,
        family_sha256 bytea, refresh_sha256 bytea, max_sessions integer) RETURNS integer LANGUAGE plpgsql AS $$
      DECLARE
        its_name auth.account.username%TYPE;
        surplus uuid[];
      BEGIN
        SELECT username INTO its_name FROM auth.account
          WHERE user_id = its_user AND password_hash = checked_hash AND state = 'active' FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RETURN NULL;
        END IF;
        surplus := ARRAY(
          SELECT session_id FROM auth.login_session WHERE user_id = its_user
          ORDER BY last_used_at DESC, session_id DESC OFFSET max_sessions - 1);
        INSERT INTO auth.login_session
          (session_id, user_id, user_agent, created_at, last_used_at, expires_at, token_family_sha256)
          VALUES (new_session, its_user, agent, begun_at, begun_at, ends_at, family_sha256);
        INSERT INTO auth.refresh_token (token_sha256, session_id, issued_at)
          VALUES (refresh_sha256, new_session, begun_at);
        IF cardinality(surplus) = 0 THEN
          RETURN 0;
        END IF;
        WITH gone AS (DELETE FROM auth.login_session WHERE session_id = ANY(surplus) RETURNING session_id)
          SELECT coalesce(array_agg(session_id), '{}') INTO surplus FROM gone;
        IF cardinality(surplus) > 0 THEN
          WITH next AS (
            UPDATE auth.account_event_counter SET last_id = last_id + cardinality(surplus) RETURNING last_id)
          INSERT INTO auth.account_event (id, type, user_id, username, session_id, at)
            SELECT last_id - cardinality(surplus) + place, 'session_ended', its_user, its_name, gone.session_id, begun_at
            FROM next, unnest(surplus) WITH ORDINALITY AS gone (session_id, place);
        END IF;
        RETURN cardinality(surplus);
      END $$`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION auth.begin_session')
  }
}
