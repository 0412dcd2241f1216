import type { MigrationInterface, QueryRunner } from 'typeorm'

const accounts = [
  // What the account feed told. Names are ASCII, so folding (`username_key`) is lower case.
  `CREATE TABLE message.account (
    user_id uuid NOT NULL,
    username varchar(50) NOT NULL,
    username_key varchar(50) COLLATE "C" NOT NULL,
    state varchar(10) NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (user_id),
    CONSTRAINT account_username_key_key UNIQUE (username_key),
    CONSTRAINT account_state_check CHECK (state IN ('active', 'disabled'))
  )`,
  // The last event that was applied; its row lock lets one pod apply at a time.
  `CREATE TABLE message.feed_position (
    single boolean NOT NULL DEFAULT true,
    position bigint NOT NULL,
    CONSTRAINT feed_position_pkey PRIMARY KEY (single),
    CONSTRAINT feed_position_single_check CHECK (single)
  )`,
  'INSERT INTO message.feed_position (position) VALUES (0)',
  // Tokens that are no longer taken: of one session, or (session_id NULL) of a user, issued at or before `at`.
  `CREATE TABLE message.revocation (
    event_id bigint NOT NULL,
    user_id uuid NOT NULL,
    session_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT revocation_pkey PRIMARY KEY (event_id)
  )`,
  'CREATE INDEX revocation_at_idx ON message.revocation (at)',
]

const devices = [
  // Active: removed_at IS NULL AND (expires_at = 0 OR expires_at > now). A removed device stays as a tombstone, since its
  // id is never used again. expires_at is that of the record, in milliseconds since 1970; 0 is never.
  `CREATE TABLE message.device (
    user_id uuid NOT NULL,
    device_id bigint NOT NULL,
    record bytea NOT NULL,
    expires_at bigint NOT NULL,
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    CONSTRAINT device_pkey PRIMARY KEY (user_id, device_id),
    CONSTRAINT device_user_id_fkey FOREIGN KEY (user_id) REFERENCES message.account (user_id) ON DELETE CASCADE
  )`,
  // The device that a login session works as.
  `CREATE TABLE message.device_binding (
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    device_id bigint NOT NULL,
    bound_at timestamptz NOT NULL,
    CONSTRAINT device_binding_pkey PRIMARY KEY (session_id),
    CONSTRAINT device_binding_device_fkey FOREIGN KEY (user_id, device_id)
      REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
  )`,
  'CREATE INDEX device_binding_device_idx ON message.device_binding (user_id, device_id)',
  // Prekeys that can be handed out. kind 1 one-time, 2 last-resort. not_after in milliseconds since 1970.
  `CREATE TABLE message.prekey (
    user_id uuid NOT NULL,
    device_id bigint NOT NULL,
    prekey_id bigint NOT NULL,
    kind smallint NOT NULL,
    record bytea NOT NULL,
    not_after bigint NOT NULL,
    CONSTRAINT prekey_pkey PRIMARY KEY (user_id, device_id, prekey_id),
    CONSTRAINT prekey_kind_check CHECK (kind IN (1, 2)),
    CONSTRAINT prekey_device_fkey FOREIGN KEY (user_id, device_id)
      REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
  )`,
  // Random bytes do not compress, and 2 KB fit into a row: neither is tried.
  'ALTER TABLE message.prekey ALTER COLUMN record SET STORAGE PLAIN',
  'CREATE INDEX prekey_not_after_idx ON message.prekey (not_after)',
  // Every prekey id that a device has used, with the hash of what it stood for, so that none comes back for another key.
  `CREATE TABLE message.prekey_used (
    user_id uuid NOT NULL,
    device_id bigint NOT NULL,
    prekey_id bigint NOT NULL,
    body_sha256 bytea NOT NULL,
    CONSTRAINT prekey_used_pkey PRIMARY KEY (user_id, device_id, prekey_id),
    CONSTRAINT prekey_used_device_fkey FOREIGN KEY (user_id, device_id)
      REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
  )`,
]

const connections = [
  // One row for two users, the lower id first. Whoever sends to the other is let through when neither has blocked, and
  //   state 'open': both have agreed;
  //   state 'started': `initiator` has claimed prekeys. It may store 20 envelopes for each device of the other side
  //     (started_use); the first envelope of the other side, or its acceptance of a request, opens the connection.
  // 'none' (a row that only carries a block), 'requested' (`initiator` has asked) and 'rejected' let nobody through.
  // request_id is the newest request between the two.
  `CREATE TABLE message.connection (
    user_low uuid NOT NULL,
    user_high uuid NOT NULL,
    state varchar(10) NOT NULL,
    initiator uuid,
    request_id uuid,
    blocked_by_low boolean NOT NULL DEFAULT false,
    blocked_by_high boolean NOT NULL DEFAULT false,
    CONSTRAINT connection_pkey PRIMARY KEY (user_low, user_high),
    CONSTRAINT connection_order_check CHECK (user_low < user_high),
    CONSTRAINT connection_state_check CHECK (state IN ('none', 'requested', 'started', 'open', 'rejected')),
    CONSTRAINT connection_initiator_check CHECK (initiator IN (user_low, user_high)),
    CONSTRAINT connection_user_low_fkey FOREIGN KEY (user_low) REFERENCES message.account (user_id) ON DELETE CASCADE,
    CONSTRAINT connection_user_high_fkey FOREIGN KEY (user_high) REFERENCES message.account (user_id) ON DELETE CASCADE
  )`,
  'CREATE INDEX connection_user_high_idx ON message.connection (user_high)',
  // Requests with what was answered. `response` is kept 14 days for the device that asked.
  `CREATE TABLE message.connection_request (
    request_id uuid NOT NULL,
    from_user uuid NOT NULL,
    from_device bigint,
    to_user uuid NOT NULL,
    handshake bytea,
    sender_public_keys jsonb,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state varchar(10) NOT NULL,
    response bytea,
    answered_by_device bigint,
    answered_at timestamptz,
    CONSTRAINT connection_request_pkey PRIMARY KEY (request_id),
    CONSTRAINT connection_request_state_check CHECK (state IN ('pending', 'accepted', 'rejected')),
    CONSTRAINT connection_request_from_user_fkey FOREIGN KEY (from_user)
      REFERENCES message.account (user_id) ON DELETE CASCADE,
    CONSTRAINT connection_request_to_user_fkey FOREIGN KEY (to_user)
      REFERENCES message.account (user_id) ON DELETE CASCADE
  )`,
  'CREATE INDEX connection_request_to_user_idx ON message.connection_request (to_user, created_at)',
  'CREATE INDEX connection_request_from_user_idx ON message.connection_request (from_user, to_user)',
  'CREATE INDEX connection_request_expires_at_idx ON message.connection_request (expires_at)',
  // How many envelopes the initiator of a started connection has stored for each device of the other side.
  `CREATE TABLE message.started_use (
    from_user uuid NOT NULL,
    to_user uuid NOT NULL,
    to_device bigint NOT NULL,
    envelopes integer NOT NULL,
    CONSTRAINT started_use_pkey PRIMARY KEY (from_user, to_user, to_device),
    CONSTRAINT started_use_from_user_fkey FOREIGN KEY (from_user)
      REFERENCES message.account (user_id) ON DELETE CASCADE,
    CONSTRAINT started_use_device_fkey FOREIGN KEY (to_user, to_device)
      REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
  )`,
  'CREATE INDEX started_use_device_idx ON message.started_use (to_user, to_device)',
]

/**
 * What is known of accounts, devices with their prekeys, and connections between users.
 *
 * Whoever locks rows of several tables does it in this order, and within a table by primary key: account, device,
 * connection, connection_request, started_use, mailbox, the rest. So no two transactions wait for each other.
 */
export class Devices1767225600001 implements MigrationInterface {
  readonly name = 'Devices1767225600001'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...accounts, ...devices, ...connections]) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE message.started_use, message.connection_request, message.connection')
    await runner.query('DROP TABLE message.prekey_used, message.prekey, message.device_binding, message.device')
    await runner.query('DROP TABLE message.revocation, message.feed_position, message.account')
  }
}
