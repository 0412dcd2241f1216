import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Mailboxes of devices with their entries, what was sent and seen, and tickets for sockets. */
export class Mailboxes1767225600002 implements MigrationInterface {
  readonly name = 'Mailboxes1767225600002'

  async up(runner: QueryRunner): Promise<void> {
    // The row lock of a mailbox orders its numbers: no gaps, no late arrival behind a cursor.
    await runner.query(`
      CREATE TABLE message.mailbox (
        user_id uuid NOT NULL, device_id bigint NOT NULL,
        next_sequence bigint NOT NULL DEFAULT 1,
        acked_sequence bigint NOT NULL DEFAULT 0,
        epoch integer NOT NULL,
        PRIMARY KEY (user_id, device_id),
        FOREIGN KEY (user_id, device_id) REFERENCES message.device (user_id, device_id) ON DELETE CASCADE
      ) WITH (fillfactor = 50)`)
    await runner.query(`
      CREATE TABLE message.entry (
        user_id uuid NOT NULL, device_id bigint NOT NULL, sequence bigint NOT NULL,
        message_id uuid NOT NULL, sender_user uuid NOT NULL, sender_device bigint NOT NULL,
        has_body boolean NOT NULL, received_at bigint NOT NULL,
        envelope bytea NOT NULL,
        PRIMARY KEY (user_id, device_id, sequence),
        FOREIGN KEY (user_id, device_id) REFERENCES message.mailbox (user_id, device_id) ON DELETE CASCADE
      )`)
    // Ciphertext does not compress; trying costs more than it could save.
    await runner.query('ALTER TABLE message.entry ALTER COLUMN envelope SET STORAGE EXTERNAL')
    await runner.query('CREATE INDEX entry_message_idx ON message.entry (user_id, message_id)')
    await runner.query(`
      CREATE TABLE message.body (
        sender_user uuid NOT NULL, sender_device bigint NOT NULL, message_id uuid NOT NULL,
        received_at bigint NOT NULL, body bytea NOT NULL,
        PRIMARY KEY (sender_user, sender_device, message_id)
      )`)
    await runner.query('ALTER TABLE message.body ALTER COLUMN body SET STORAGE EXTERNAL')
    await runner.query(`
      CREATE TABLE message.sent (
        sender_user uuid NOT NULL, sender_device bigint NOT NULL, message_id uuid NOT NULL,
        body_sha256 bytea NOT NULL, answer jsonb NOT NULL, received_at bigint NOT NULL,
        PRIMARY KEY (sender_user, sender_device, message_id)
      )`)
    await runner.query('CREATE INDEX sent_received_idx ON message.sent (received_at)')
    await runner.query(`
      CREATE TABLE message.seen (
        sid bytea NOT NULL, sender_user uuid NOT NULL, sender_device bigint NOT NULL, seq bigint NOT NULL,
        received_at bigint NOT NULL,
        PRIMARY KEY (sid, sender_user, sender_device, seq)
      )`)
    await runner.query('CREATE INDEX seen_received_idx ON message.seen (received_at)')
    await runner.query(`
      CREATE TABLE message.ticket (
        ticket_sha256 bytea PRIMARY KEY, caller jsonb NOT NULL, expires_at timestamptz NOT NULL
      )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['ticket', 'seen', 'sent', 'body', 'entry', 'mailbox'])
      await runner.query(`DROP TABLE message.${table}`)
  }
}
