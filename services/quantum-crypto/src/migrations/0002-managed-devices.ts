import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Columns that name what belongs to the device of a user; all of it goes with the device. */
const ofDevice = (table: string): string =>
  `CONSTRAINT ${table}_user_id_fkey FOREIGN KEY (user_id) REFERENCES crypto.device (user_id) ON DELETE CASCADE`

const devices = [
  // One managed device for each user. `wrapped_key` is its data key, wrapped by the key-encryption key `kek_id`; every other
  // sealed column of the schema stands under that data key. `keys` are the private keys by which it signs, `record` is the
  // DeviceRecord that was signed last. The row lock makes one writer of all processes. Everything up to `opened_up_to` of
  // the mailbox `mailbox_epoch` was opened.
  `CREATE TABLE crypto.device (
    user_id uuid NOT NULL,
    device_id bigint NOT NULL,
    key_id uuid NOT NULL,
    kek_id varchar(100) NOT NULL,
    wrapped_key bytea NOT NULL,
    keys bytea NOT NULL,
    record bytea NOT NULL,
    next_prekey_id bigint NOT NULL,
    mailbox_epoch bigint NOT NULL,
    opened_up_to bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT device_pkey PRIMARY KEY (user_id),
    CONSTRAINT device_user_id_fkey FOREIGN KEY (user_id) REFERENCES crypto.owner (user_id) ON DELETE CASCADE
  ) WITH (fillfactor = 70)`,
]

const keys = [
  // Private halves of prekeys, sealed. Times here and below are milliseconds since 1970.
  `CREATE TABLE crypto.prekey (
    user_id uuid NOT NULL,
    prekey_id bigint NOT NULL,
    not_after bigint NOT NULL,
    secrets bytea NOT NULL,
    CONSTRAINT prekey_pkey PRIMARY KEY (user_id, prekey_id),
    ${ofDevice('prekey')}
  )`,
  'CREATE INDEX prekey_not_after_idx ON crypto.prekey (not_after)',
  // Own requests that wait for an answer: their private keys, sealed.
  `CREATE TABLE crypto.request (
    user_id uuid NOT NULL,
    request_id uuid NOT NULL,
    to_user uuid NOT NULL,
    expires_at bigint NOT NULL,
    secrets bytea NOT NULL,
    CONSTRAINT request_pkey PRIMARY KEY (user_id, request_id),
    ${ofDevice('request')}
  )`,
  'CREATE INDEX request_expires_at_idx ON crypto.request (expires_at)',
  // Answers to requests of others, so that the same request gets the same answer.
  `CREATE TABLE crypto.answer (
    user_id uuid NOT NULL,
    request_id uuid NOT NULL,
    peer_user uuid NOT NULL,
    peer_device bigint NOT NULL,
    sealed bytea NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT answer_pkey PRIMARY KEY (user_id, request_id),
    ${ofDevice('answer')}
  )`,
  'CREATE INDEX answer_expires_at_idx ON crypto.answer (expires_at)',
  // All sessions with one device of a peer, sealed. `generation` counts the changes. `has_session`: one can be sent on.
  // `tidy_at`: when the first thing within is too old to keep.
  `CREATE TABLE crypto.peer (
    user_id uuid NOT NULL,
    peer_user uuid NOT NULL,
    peer_device bigint NOT NULL,
    generation bigint NOT NULL,
    has_session boolean NOT NULL,
    tidy_at bigint,
    state bytea NOT NULL,
    CONSTRAINT peer_pkey PRIMARY KEY (user_id, peer_user, peer_device),
    ${ofDevice('peer')}
  )`,
  'ALTER TABLE crypto.peer ALTER COLUMN state SET STORAGE EXTERNAL',
  'CREATE INDEX peer_tidy_at_idx ON crypto.peer (tidy_at)',
]

const messages = [
  // What was sealed under an id of the client, so that the same id gives the same bytes.
  `CREATE TABLE crypto.outbox (
    user_id uuid NOT NULL,
    client_message_id uuid NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (user_id, client_message_id),
    ${ofDevice('outbox')}
  )`,
  'ALTER TABLE crypto.outbox ALTER COLUMN sealed SET STORAGE EXTERNAL',
  'CREATE INDEX outbox_created_at_idx ON crypto.outbox (created_at)',
  // Texts that were opened or sent, sealed. An own one has the user as its sender; `peer_user` is the other side.
  `CREATE TABLE crypto.opened (
    user_id uuid NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    message_id uuid NOT NULL,
    sender_user uuid NOT NULL,
    sender_device bigint NOT NULL,
    peer_user uuid NOT NULL,
    received_at bigint NOT NULL,
    critical boolean NOT NULL,
    receipted boolean NOT NULL,
    read_by_peer boolean NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT opened_pkey PRIMARY KEY (user_id, epoch, sequence),
    ${ofDevice('opened')}
  )`,
  'ALTER TABLE crypto.opened ALTER COLUMN sealed SET STORAGE EXTERNAL',
  'CREATE INDEX opened_message_idx ON crypto.opened (user_id, message_id)',
  'CREATE INDEX opened_received_at_idx ON crypto.opened (received_at)',
  // A (sender, message id) is shown once.
  `CREATE TABLE crypto.seen (
    user_id uuid NOT NULL,
    sender_user uuid NOT NULL,
    sender_device bigint NOT NULL,
    message_id uuid NOT NULL,
    seen_at bigint NOT NULL,
    CONSTRAINT seen_pkey PRIMARY KEY (user_id, sender_user, sender_device, message_id),
    ${ofDevice('seen')}
  )`,
  'CREATE INDEX seen_seen_at_idx ON crypto.seen (seen_at)',
  // Messages that their sender has called critical before they came.
  `CREATE TABLE crypto.announced (
    user_id uuid NOT NULL,
    sender_user uuid NOT NULL,
    sender_device bigint NOT NULL,
    message_id uuid NOT NULL,
    announced_at bigint NOT NULL,
    CONSTRAINT announced_pkey PRIMARY KEY (user_id, sender_user, sender_device, message_id),
    ${ofDevice('announced')}
  )`,
  'CREATE INDEX announced_announced_at_idx ON crypto.announced (announced_at)',
  // Entries of the mailbox that could not be opened, and why.
  `CREATE TABLE crypto.quarantine (
    user_id uuid NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    message_id uuid NOT NULL,
    sender_user uuid NOT NULL,
    sender_device bigint NOT NULL,
    reason varchar(40) NOT NULL,
    received_at bigint NOT NULL,
    CONSTRAINT quarantine_pkey PRIMARY KEY (user_id, epoch, sequence),
    ${ofDevice('quarantine')}
  )`,
  'CREATE INDEX quarantine_received_at_idx ON crypto.quarantine (received_at)',
]

const tables = [
  'quarantine',
  'announced',
  'seen',
  'opened',
  'outbox',
  'peer',
  'answer',
  'request',
  'prekey',
  'device',
] as const

/** Devices that the server plays for thin clients: their keys, sessions and messages, all sealed. */
export class ManagedDevices1767225600002 implements MigrationInterface {
  readonly name = 'ManagedDevices1767225600002'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...devices, ...keys, ...messages]) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.query(`DROP TABLE crypto.${table}`)
  }
}
