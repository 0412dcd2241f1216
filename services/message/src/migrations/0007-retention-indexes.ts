import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What the deletion of old messages looks up. */
export class RetentionIndexes1767225600007 implements MigrationInterface {
  readonly name = 'RetentionIndexes1767225600007'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX body_received_idx ON message.body (received_at)')
    await runner.query(
      'CREATE INDEX entry_body_idx ON message.entry (sender_user, sender_device, message_id) WHERE has_body',
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX message.entry_body_idx')
    await runner.query('DROP INDEX message.body_received_idx')
  }
}
