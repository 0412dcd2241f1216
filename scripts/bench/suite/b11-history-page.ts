import { join } from 'node:path'
import { newId } from '@qsm/server-kit'
import { startEmbeddedPostgres } from '../../../services/standalone/src/embedded-postgres/start.js'
import { depths, envelopeBytes, fillMailbox, pageSize } from './b11-history-page/fill-mailbox.js'
import { measurePages } from './b11-history-page/measure-pages.js'
import { openPages } from './b11-history-page/open-pages.js'
import { openTypeorm } from './b11-history-page/typeorm-offset.js'
import type { Bench, Contender, Metric, Prepared } from './bench.js'

const first = 'qsm, first page'
const typeorm = 'TypeORM find, OFFSET'
const flat = 1 / 1.3
const maxNodeMicroseconds = 450

const names = depths.map(depth =>
  depth === 0 ? 'first page' : `behind ${depth.toLocaleString('en').replaceAll(',', ' ')}`,
)
const metrics = names.flatMap((name, index): Metric[] => {
  const gates = index === 0 ? {} : { gates: { [first]: flat } }
  const offset = depths[index] === 50_000 ? { gates: { [first]: flat, [typeorm]: 100 } } : gates
  return [
    { name: `${name}, Node`, unit: 'µs CPU', better: 'lower', limit: maxNodeMicroseconds },
    { name: `${name}, PostgreSQL`, unit: 'µs CPU', better: 'lower', ...gates },
    { name: `${name}, latency`, unit: 'ms', better: 'lower', ...offset },
  ]
})

/** What one depth costs, under the names of another. */
const figures = (name: string, { node, postgres, latency }: Awaited<ReturnType<typeof measurePages>>) => ({
  [`${name}, Node`]: node,
  [`${name}, PostgreSQL`]: postgres,
  [`${name}, latency`]: latency,
})

const pagesOfARound = 800
const offsetPagesOfARound = 12

const prepare: Bench['prepare'] = async ({ folder, say }): Promise<Prepared> => {
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
  const mailbox = { userId: newId(), deviceId: 1 }
  const open = async () => {
    const pages = await openPages(postgres.url)
    say('fills a mailbox')
    await fillMailbox(pages.database, mailbox)
    return { pages, offset: await openTypeorm(pages.database, postgres.url, mailbox) }
  }
  const { pages, offset } = await open().catch(async error => {
    await postgres.stop()
    throw error
  })
  const read = (depth: number) => async () => {
    const { entries } = await pages.page({ ...mailbox, after: depth, limit: pageSize })
    return entries.map(({ sequence, envelope }) => ({ sequence, bytes: envelope.length }))
  }
  const contenders: readonly Contender[] = [
    {
      name: 'qsm',
      async measure() {
        const found: Record<string, number> = {}
        for (const [index, depth] of depths.entries()) {
          const measured = await measurePages(pages.database, depth, pagesOfARound, read(depth))
          Object.assign(found, figures(names[index] ?? '', measured))
        }
        return found
      },
    },
    {
      name: first,
      async measure() {
        const measured = await measurePages(pages.database, 0, pagesOfARound, read(0))
        return Object.assign({}, ...names.slice(1).map(name => figures(name, measured)))
      },
    },
    {
      name: typeorm,
      async measure() {
        const index = depths.indexOf(50_000)
        const measured = await measurePages(offset.database, 50_000, offsetPagesOfARound, () => offset.read(50_000))
        return figures(names[index] ?? '', measured)
      },
    },
  ]
  return {
    contenders,
    notRun: [],
    async stop() {
      await offset.close()
      await pages.close()
      await postgres.stop()
    },
  }
}

/** Pages of a long mailbox at three depths. */
export const bench: Bench = {
  id: 'B11',
  title: 'A history page',
  about: `Pages of ${pageSize} entries of one mailbox that holds a million, by the function behind GET /api/messages with its real pool; they lie in four of six partitions. Entries that are read have envelopes of ${envelopeBytes} bytes, as have the first 60 000; those between have 64. "${first}" is QSM at depth 0 against itself, so a ratio of 0.77 or more is flat within 1.3. TypeORM reads 60 000 such rows of one plain table by find with skip and take. Pages are read one after the other.`,
  metrics,
  prepare,
}
