import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * The family of a session's refresh tokens, by which a used one is known when its own row is gone. A session of before gets
 * one at its next refresh.
 */
export class TokenFamilies1767225600002 implements MigrationInterface {
  readonly name = 'TokenFamilies1767225600002'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.login_session ADD COLUMN token_family_sha256 bytea,
        ADD CONSTRAINT login_session_token_family_sha256_key UNIQUE (token_family_sha256)`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.login_session DROP COLUMN token_family_sha256')
  }
}
