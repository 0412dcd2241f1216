import type { MigrationInterface, QueryRunner } from 'typeorm'

/** By which pods find the answers of which they were not told. */
export class AnsweredRequests1767225600008 implements MigrationInterface {
  readonly name = 'AnsweredRequests1767225600008'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX connection_request_answered_at_idx ON message.connection_request (answered_at) WHERE answered_at IS NOT NULL',
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX message.connection_request_answered_at_idx')
  }
}
