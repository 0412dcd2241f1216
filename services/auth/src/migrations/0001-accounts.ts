import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Accounts, login sessions with their refresh tokens, and the feed of account events that other services read.
 * Names and addresses are stored as given, and folded (`…_key`) for look-ups: ASCII only, so folding is lower case.
 */
export class Accounts1767225600001 implements MigrationInterface {
  readonly name = 'Accounts1767225600001'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.account (
        user_id uuid NOT NULL,
        username varchar(50) NOT NULL,
        username_key varchar(50) NOT NULL,
        email varchar(254) NOT NULL,
        password_hash varchar(200) NOT NULL,
        state varchar(10) NOT NULL,
        created_at timestamptz NOT NULL,
        password_changed_at timestamptz NOT NULL,
        CONSTRAINT account_pkey PRIMARY KEY (user_id),
        CONSTRAINT account_username_key_key UNIQUE (username_key),
        CONSTRAINT account_state_check CHECK (state IN ('active', 'disabled'))
      )`)
    await runner.query(`
      CREATE TABLE auth.login_session (
        session_id uuid NOT NULL,
        user_id uuid NOT NULL,
        user_agent varchar(200) NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT login_session_pkey PRIMARY KEY (session_id),
        CONSTRAINT login_session_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.account (user_id) ON DELETE CASCADE
      )`)
    await runner.query('CREATE INDEX login_session_user_id_idx ON auth.login_session (user_id)')
    await runner.query('CREATE INDEX login_session_expires_at_idx ON auth.login_session (expires_at)')
    await runner.query(`
      CREATE TABLE auth.refresh_token (
        token_sha256 bytea NOT NULL,
        session_id uuid NOT NULL,
        issued_at timestamptz NOT NULL,
        used_at timestamptz,
        CONSTRAINT refresh_token_pkey PRIMARY KEY (token_sha256),
        CONSTRAINT refresh_token_session_id_fkey FOREIGN KEY (session_id)
          REFERENCES auth.login_session (session_id) ON DELETE CASCADE
      )`)
    await runner.query('CREATE INDEX refresh_token_session_id_idx ON auth.refresh_token (session_id)')
    await runner.query(`
      CREATE TABLE auth.account_event (
        id bigint NOT NULL,
        type varchar(20) NOT NULL,
        user_id uuid NOT NULL,
        username varchar(50) NOT NULL,
        session_id uuid,
        at timestamptz NOT NULL,
        CONSTRAINT account_event_pkey PRIMARY KEY (id)
      )`)
    await runner.query(`
      CREATE TABLE auth.account_event_counter (
        single boolean NOT NULL DEFAULT true,
        last_id bigint NOT NULL,
        CONSTRAINT account_event_counter_pkey PRIMARY KEY (single),
        CONSTRAINT account_event_counter_single_check CHECK (single)
      )`)
    await runner.query('INSERT INTO auth.account_event_counter (last_id) VALUES (0)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.account_event_counter, auth.account_event, auth.refresh_token')
    await runner.query('DROP TABLE auth.login_session, auth.account')
  }
}
