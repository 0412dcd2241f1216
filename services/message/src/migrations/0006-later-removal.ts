import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Users and devices that are gone are marked at once; the mass of what they leave is deleted piece by piece. */
export class LaterRemoval1767225600006 implements MigrationInterface {
  readonly name = 'LaterRemoval1767225600006'

  async up(runner: QueryRunner): Promise<void> {
    // Their state is `disabled`, which a pod without this column knows too.
    await runner.query('ALTER TABLE message.account ADD COLUMN deleted_at timestamptz')
    await runner.query(
      'CREATE INDEX account_deleted_at_idx ON message.account (deleted_at) WHERE deleted_at IS NOT NULL',
    )
    // Nobody adds to a closed mailbox or reads from it.
    await runner.query('ALTER TABLE message.mailbox ADD COLUMN closed boolean NOT NULL DEFAULT false')
    await runner.query('CREATE INDEX mailbox_closed_idx ON message.mailbox (user_id, device_id) WHERE closed')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM message.mailbox WHERE closed')
    await runner.query('ALTER TABLE message.mailbox DROP COLUMN closed')
    await runner.query('DELETE FROM message.account WHERE deleted_at IS NOT NULL')
    await runner.query('ALTER TABLE message.account DROP COLUMN deleted_at')
  }
}
