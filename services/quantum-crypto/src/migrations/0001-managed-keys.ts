import type { MigrationInterface, QueryRunner } from 'typeorm'

const accounts = [
  // Users of whom keys may be held, as the account feed told. A deleted user takes every table below along.
  `CREATE TABLE crypto.owner (
    user_id uuid NOT NULL,
    state varchar(10) NOT NULL,
    CONSTRAINT owner_pkey PRIMARY KEY (user_id),
    CONSTRAINT owner_state_check CHECK (state IN ('active', 'disabled'))
  )`,
  // The last event that was applied; its row lock lets one pod apply at a time.
  `CREATE TABLE crypto.feed_position (
    single boolean NOT NULL DEFAULT true,
    position bigint NOT NULL,
    CONSTRAINT feed_position_pkey PRIMARY KEY (single),
    CONSTRAINT feed_position_single_check CHECK (single)
  )`,
  'INSERT INTO crypto.feed_position (position) VALUES (0)',
  // Tokens that are no longer taken: of one session, or (session_id NULL) of a user, issued at or before `at`.
  `CREATE TABLE crypto.revocation (
    event_id bigint NOT NULL,
    user_id uuid NOT NULL,
    session_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT revocation_pkey PRIMARY KEY (event_id)
  )`,
  'CREATE INDEX revocation_at_idx ON crypto.revocation (at)',
]

const keys = [
  // wrapped_key: the data key, wrapped by the key-encryption key kek_id; sealed: the private key under the data key. Both
  // are bound to key_id, user_id, algorithm, purpose and version, sealed also to public_key (src/at-rest).
  `CREATE TABLE crypto.managed_key (
    key_id uuid NOT NULL,
    user_id uuid NOT NULL,
    algorithm varchar(20) NOT NULL,
    purpose varchar(10) NOT NULL,
    version integer NOT NULL,
    kek_id varchar(100) NOT NULL,
    wrapped_key bytea NOT NULL,
    public_key bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT managed_key_pkey PRIMARY KEY (key_id),
    CONSTRAINT managed_key_user_id_algorithm_key UNIQUE (user_id, algorithm),
    CONSTRAINT managed_key_purpose_check CHECK (purpose = 'rest'),
    CONSTRAINT managed_key_version_check CHECK (version > 0),
    CONSTRAINT managed_key_user_id_fkey FOREIGN KEY (user_id) REFERENCES crypto.owner (user_id) ON DELETE CASCADE
  )`,
  // Random bytes do not compress.
  'ALTER TABLE crypto.managed_key ALTER COLUMN sealed SET STORAGE EXTERNAL',
  'ALTER TABLE crypto.managed_key ALTER COLUMN public_key SET STORAGE EXTERNAL',
  // The newest version that there ever was, beside the key: an older row that is put back does not have it.
  `CREATE TABLE crypto.managed_key_version (
    user_id uuid NOT NULL,
    algorithm varchar(20) NOT NULL,
    version integer NOT NULL,
    CONSTRAINT managed_key_version_pkey PRIMARY KEY (user_id, algorithm),
    CONSTRAINT managed_key_version_user_id_fkey FOREIGN KEY (user_id)
      REFERENCES crypto.owner (user_id) ON DELETE CASCADE
  )`,
]

/**
 * Owners, revocations, and the managed keys of the REST routes.
 *
 * Whoever locks rows of several tables does it in this order: owner, managed_key_version, managed_key, the rest.
 */
export class ManagedKeys1767225600001 implements MigrationInterface {
  readonly name = 'ManagedKeys1767225600001'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...accounts, ...keys]) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE crypto.managed_key_version, crypto.managed_key')
    await runner.query('DROP TABLE crypto.revocation, crypto.feed_position, crypto.owner')
  }
}
