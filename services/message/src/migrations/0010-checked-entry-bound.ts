import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The second step: all entries are read, while people go on writing and reading them. */
export class CheckedEntryBound1767225600010 implements MigrationInterface {
  readonly name = 'CheckedEntryBound1767225600010'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message.entry VALIDATE CONSTRAINT entry_bound')
  }

  async down(): Promise<void> {}
}
