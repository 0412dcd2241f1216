import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Envelopes of up to one page are kept in their row. */
export class InlineEnvelopes1767225600004 implements MigrationInterface {
  readonly name = 'InlineEnvelopes1767225600004'

  async up(runner: QueryRunner): Promise<void> {
    // Envelopes have 2 to 5 KB. Cut into chunks of another table, each is stored and deleted three times.
    await runner.query('ALTER TABLE message.entry SET (toast_tuple_target = 8160)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message.entry RESET (toast_tuple_target)')
  }
}
