import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Which socket a device has now: the newest, on whichever pod. */
export class SocketHolder1767225600005 implements MigrationInterface {
  readonly name = 'SocketHolder1767225600005'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message.mailbox ADD COLUMN socket_id uuid')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message.mailbox DROP COLUMN socket_id')
  }
}
