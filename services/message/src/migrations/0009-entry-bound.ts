import type { MigrationInterface, QueryRunner } from 'typeorm'
import { lockBriefly } from './lock-briefly.js'

/**
 * The first of three steps to a partitioned `entry`, which 0011 takes: a bound by time below which all entries are, so that the
 * table can become a partition without being read under a lock. It is at least four weeks ahead, so that what comes
 * between the steps fits, also where the next one fails and is repeated days later.
 */
export class EntryBound1767225600009 implements MigrationInterface {
  readonly name = 'EntryBound1767225600009'

  async up(runner: QueryRunner): Promise<void> {
    const [{ bound }]: [{ bound: string }] = await runner.query(`
      SELECT (extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '29 days') * 1000)::bigint AS bound`)
    await lockBriefly(runner, 'entry')
    await runner.query(`ALTER TABLE message.entry ADD CONSTRAINT entry_bound CHECK (received_at < ${bound}) NOT VALID`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message.entry DROP CONSTRAINT entry_bound')
  }
}
