import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Managed devices, what thin clients have sent under ids of their own, and the token behind a ticket. */
export class ThinClients1767225600003 implements MigrationInterface {
  readonly name = 'ThinClients1767225600003'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message.device ADD COLUMN managed boolean NOT NULL DEFAULT false')
    await runner.query(
      'CREATE UNIQUE INDEX device_managed_idx ON message.device (user_id) WHERE managed AND removed_at IS NULL',
    )
    // By its own id a thin client finds the message that it has sent; body_sha256 tells a repeat from another body.
    await runner.query(`
      CREATE TABLE message.thin_send (
        user_id uuid NOT NULL, client_message_id uuid NOT NULL,
        body_sha256 bytea NOT NULL, message_id uuid NOT NULL, received_at bigint NOT NULL,
        PRIMARY KEY (user_id, client_message_id),
        FOREIGN KEY (user_id) REFERENCES message.account (user_id) ON DELETE CASCADE
      )`)
    await runner.query('CREATE INDEX thin_send_received_idx ON message.thin_send (received_at)')
    // The access token, sealed under a key that only the ticket gives. Null: by a server before this column.
    await runner.query('ALTER TABLE message.ticket ADD COLUMN sealed_token bytea')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message.ticket DROP COLUMN sealed_token')
    await runner.query('DROP TABLE message.thin_send')
    await runner.query('DROP INDEX message.device_managed_idx')
    await runner.query('ALTER TABLE message.device DROP COLUMN managed')
  }
}
