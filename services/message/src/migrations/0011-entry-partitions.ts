import type { MigrationInterface, QueryRunner } from 'typeorm'
import { lockBriefly } from './lock-briefly.js'

/**
 * A pod of the version before deletes entries by `ctid` alone, which names a row in each partition. Those deletions (retention,
 * and what is left of removed devices) are refused: they are jobs, which say so in the log and are done by the pods of this
 * version. To be dropped by the next version.
 */
const guard = [
  `CREATE FUNCTION message.refuse_by_ctid() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     RAISE EXCEPTION 'message.entry is partitioned: a ctid is not enough to delete by'
       USING HINT = 'A pod of a newer version deletes what this one wanted to.';
   END $$`,
  `CREATE TRIGGER entry_by_ctid BEFORE DELETE ON message.entry FOR EACH STATEMENT
   WHEN (current_query() LIKE '%DELETE FROM message.entry WHERE ctid = ANY%') EXECUTE FUNCTION message.refuse_by_ctid()`,
]

const indexes = [
  'CREATE INDEX entry_message_idx ON message.entry (user_id, message_id)',
  'CREATE INDEX entry_body_idx ON message.entry (sender_user, sender_device, message_id) WHERE has_body',
]

const mailboxKey = 'FOREIGN KEY (user_id, device_id) REFERENCES message.mailbox (user_id, device_id) ON DELETE CASCADE'

/**
 * Entries lie in partitions by the time of their receipt; the table so far is the first one, as it is. Numbers are unique within
 * a partition by its primary key, and over all of them by the lock of the mailbox under which they are given. That lock also
 * shows that the mailbox is there, so the foreign key goes: each envelope paid for it, and dropping a partition would lock the
 * mailboxes. Jobs make and drop partitions from here on (jobs/partitions.ts).
 */
export class EntryPartitions1767225600011 implements MigrationInterface {
  readonly name = 'EntryPartitions1767225600011'

  async up(runner: QueryRunner): Promise<void> {
    const [{ bound }]: [{ bound: string }] = await runner.query(`
      SELECT substring(pg_get_constraintdef(oid) FROM '[0-9]{10,}') AS bound FROM pg_constraint
      WHERE conrelid = 'message.entry'::regclass AND conname = 'entry_bound'`)
    await lockBriefly(runner, 'mailbox', 'entry')
    for (const statement of [
      'ALTER TABLE message.entry DROP CONSTRAINT entry_user_id_device_id_fkey',
      'ALTER TABLE message.entry RENAME TO entry_before',
      ...['pkey', 'message_idx', 'body_idx'].map(
        name => `ALTER INDEX message.entry_${name} RENAME TO entry_before_${name}`,
      ),
      'CREATE TABLE message.entry (LIKE message.entry_before INCLUDING STORAGE) PARTITION BY RANGE (received_at)',
      `ALTER TABLE message.entry ATTACH PARTITION message.entry_before FOR VALUES FROM (MINVALUE) TO (${bound})`,
      'ALTER TABLE message.entry_before DROP CONSTRAINT entry_bound',
      // Takes what belongs to no other, so that a send never fails for a partition that is missing.
      'CREATE TABLE message.entry_default (LIKE message.entry INCLUDING STORAGE) WITH (toast_tuple_target = 8160)',
      'ALTER TABLE message.entry_default ADD PRIMARY KEY (user_id, device_id, sequence)',
      'CREATE INDEX entry_default_received_idx ON message.entry_default (received_at)',
      'ALTER TABLE message.entry ATTACH PARTITION message.entry_default DEFAULT',
      // Partitions that have the same index already keep theirs.
      ...indexes,
      ...guard,
    ]) {
      await runner.query(statement)
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    // Nobody stores what the copy would not see.
    await lockBriefly(runner, 'mailbox', 'entry')
    for (const statement of [
      'CREATE TABLE message.entry_plain (LIKE message.entry INCLUDING STORAGE) WITH (toast_tuple_target = 8160)',
      'INSERT INTO message.entry_plain SELECT e.* FROM message.entry e JOIN message.mailbox USING (user_id, device_id)',
      'DROP TABLE message.entry',
      'DROP FUNCTION message.refuse_by_ctid',
      'ALTER TABLE message.entry_plain RENAME TO entry',
      'ALTER TABLE message.entry ADD CONSTRAINT entry_pkey PRIMARY KEY (user_id, device_id, sequence)',
      `ALTER TABLE message.entry ADD CONSTRAINT entry_user_id_device_id_fkey ${mailboxKey}`,
      ...indexes,
      'ALTER TABLE message.entry ADD CONSTRAINT entry_bound CHECK (true)',
    ]) {
      await runner.query(statement)
    }
  }
}
