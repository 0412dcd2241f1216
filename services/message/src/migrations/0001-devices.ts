import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What is known of accounts (from the feed of `auth`), devices with their prekeys, and connections between users. */
export class Devices1767225600001 implements MigrationInterface {
  readonly name = 'Devices1767225600001'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE message.account (
        user_id uuid NOT NULL,
        username varchar(50) NOT NULL,
        username_key varchar(50) NOT NULL,
        state varchar(10) NOT NULL,
        CONSTRAINT account_pkey PRIMARY KEY (user_id),
        CONSTRAINT account_username_key_key UNIQUE (username_key)
      )`)
    await runner.query('CREATE TABLE message.feed_position (single boolean PRIMARY KEY DEFAULT true CHECK (single), position bigint NOT NULL)')
    await runner.query('INSERT INTO message.feed_position (position) VALUES (0)')
    // Ended sessions (session_id set) and accounts that were disabled or deleted; kept as long as a token of them may live.
    await runner.query(`
      CREATE TABLE message.revocation (
        event_id bigint PRIMARY KEY, user_id uuid NOT NULL, session_id uuid, at timestamptz NOT NULL
      )`)
    // A removed device stays as a tombstone: its id is never used again.
    await runner.query(`
      CREATE TABLE message.device (
        user_id uuid NOT NULL,
        device_id bigint NOT NULL,
        record bytea NOT NULL,
        created_at timestamptz NOT NULL,
        removed_at timestamptz,
        CONSTRAINT device_pkey PRIMARY KEY (user_id, device_id),
        CONSTRAINT device_user_id_fkey FOREIGN KEY (user_id) REFERENCES message.account (user_id) ON DELETE CASCADE
      )`)
    await runner.query(`
      CREATE TABLE message.device_binding (
        session_id uuid PRIMARY KEY, user_id uuid NOT NULL, device_id bigint NOT NULL, bound_at timestamptz NOT NULL,
        FOREIGN KEY (user_id, device_id) REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
      )`)
    await runner.query('CREATE INDEX device_binding_device_idx ON message.device_binding (user_id, device_id)')
    await runner.query(`
      CREATE TABLE message.prekey (
        user_id uuid NOT NULL, device_id bigint NOT NULL, prekey_id bigint NOT NULL, kind smallint NOT NULL,
        record bytea NOT NULL, not_after bigint NOT NULL,
        PRIMARY KEY (user_id, device_id, prekey_id),
        FOREIGN KEY (user_id, device_id) REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
      )`)
    // Every id that was ever stored, with the hash of its record: an id never comes back with other bytes.
    await runner.query(`
      CREATE TABLE message.prekey_id (
        user_id uuid NOT NULL, device_id bigint NOT NULL, prekey_id bigint NOT NULL, record_sha256 bytea NOT NULL,
        PRIMARY KEY (user_id, device_id, prekey_id),
        FOREIGN KEY (user_id, device_id) REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
      )`)
    // One row for two users, the lower id first. 'none' is a row that only carries a block.
    await runner.query(`
      CREATE TABLE message.connection (
        user_low uuid NOT NULL REFERENCES message.account (user_id) ON DELETE CASCADE,
        user_high uuid NOT NULL REFERENCES message.account (user_id) ON DELETE CASCADE,
        state varchar(10) NOT NULL CHECK (state IN ('none', 'requested', 'started', 'open', 'rejected')),
        initiator uuid,
        request_id uuid,
        blocked_by_low boolean NOT NULL DEFAULT false,
        blocked_by_high boolean NOT NULL DEFAULT false,
        PRIMARY KEY (user_low, user_high),
        CHECK (user_low < user_high)
      )`)
    await runner.query('CREATE INDEX connection_user_high_idx ON message.connection (user_high)')
    await runner.query(`
      CREATE TABLE message.connection_request (
        request_id uuid PRIMARY KEY,
        from_user uuid NOT NULL REFERENCES message.account (user_id) ON DELETE CASCADE,
        from_device bigint,
        to_user uuid NOT NULL REFERENCES message.account (user_id) ON DELETE CASCADE,
        handshake bytea,
        sender_public_keys jsonb,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        state varchar(10) NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected')),
        response bytea,
        answered_at timestamptz
      )`)
    await runner.query(`CREATE INDEX connection_request_pending_idx ON message.connection_request (to_user, created_at) WHERE state = 'pending'`)
    await runner.query('CREATE INDEX connection_request_from_idx ON message.connection_request (from_user)')
    // How many envelopes the initiator of a started connection has stored for each device of the other side.
    await runner.query(`
      CREATE TABLE message.started_use (
        from_user uuid NOT NULL, to_user uuid NOT NULL, to_device bigint NOT NULL, envelopes integer NOT NULL,
        PRIMARY KEY (from_user, to_user, to_device),
        FOREIGN KEY (to_user, to_device) REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
      )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    const tables = ['started_use', 'connection_request', 'connection', 'prekey_id', 'prekey', 'device_binding', 'device']
    for (const table of [...tables, 'revocation', 'feed_position', 'account']) await runner.query(`DROP TABLE message.${table}`)
  }
}
