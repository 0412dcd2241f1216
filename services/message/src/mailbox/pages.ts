import { limits } from '@qsm/contract'
import { createBatcher, type Database } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

export interface Entry {
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly envelope: Uint8Array
  readonly body: Uint8Array | null
}

export interface PageRequest extends DeviceAddress {
  readonly after: number
  readonly limit: number
  /** The most bytes of envelopes and bodies; the first entry comes whatever its size. 1 MiB where left out. */
  readonly maxBytes?: number
}

export interface Page {
  readonly entries: readonly Entry[]
  /** Whether there was more behind the last one. */
  readonly more: boolean
}

export interface Pages {
  /** Entries behind a number for a socket, ascending; pages asked for in one turn share a statement. */
  page(request: PageRequest): Promise<Page>
  /**
   * The same for a request, beside the sockets: of one device one at a time, however many it asks for. Where the client is gone
   * before its turn, nothing is read and the page is empty.
   */
  requestedPage(request: PageRequest, signal: AbortSignal): Promise<Page>
}

interface EntryRow {
  readonly ix: string
  readonly found: number
  readonly sequence: string
  readonly received_at: string
  /** Base64, as is the body. */
  readonly envelope: string
  readonly body: string | null
}

/**
 * Sizes are known without reading what is stored aside, so a page that is cut costs no more than what it holds. The arrays are
 * hidden behind a SELECT: a planner that sees how short they are finds a plan for them cheaper than one for all, and plans each
 * time, which takes longer than the page. Base64 is two thirds of the hexadecimal form in which a bytea comes, and read three
 * times as fast.
 */
const pageStatement = `
SELECT r.ix, e.* FROM unnest((SELECT $1::uuid[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]), (SELECT $4::int[]),
  (SELECT $5::bigint[])) WITH ORDINALITY AS r(user_id, device_id, after, size, max_bytes, ix)
CROSS JOIN LATERAL (
  SELECT p.sequence, p.received_at, p.found, encode(p.envelope, 'base64') AS envelope, encode(p.body, 'base64') AS body FROM (
    SELECT m.sequence, m.received_at, m.envelope, b.body, count(*) OVER ()::int AS found,
      row_number() OVER w AS place,
      sum(octet_length(m.envelope) + coalesce(octet_length(b.body), 0)) OVER w AS bytes
    FROM (
      SELECT * FROM message.entry o
      WHERE o.user_id = r.user_id AND o.device_id = r.device_id AND o.sequence > r.after
      ORDER BY o.sequence LIMIT r.size + 1
    ) m
    LEFT JOIN message.body b ON m.has_body AND b.sender_user = m.sender_user
      AND b.sender_device = m.sender_device AND b.message_id = m.message_id
    WINDOW w AS (ORDER BY m.sequence)
  ) p WHERE p.place <= r.size AND (p.bytes <= r.max_bytes OR p.place = 1)
) e ORDER BY r.ix, e.sequence`

/** The most bytes of a statement for sockets; a page that is shorter for it says that there is more. */
const socketBytes = 8 * 1_048_576
/** Of at most 1 MiB each. */
const requestedPages = 4
const maxInFlight = 2

const readPages = async (database: Database, requests: readonly PageRequest[], mostBytes: number) => {
  const rows = await database.query<EntryRow>({ name: 'mailbox-pages', text: pageStatement }, [
    requests.map(request => request.userId),
    requests.map(request => request.deviceId),
    requests.map(request => request.after),
    requests.map(request => request.limit),
    requests.map(request => Math.min(request.maxBytes ?? limits.maxBufferedBytes, mostBytes)),
  ])
  const pages: { entries: Entry[]; found: number }[] = requests.map(() => ({ entries: [], found: 0 }))
  for (const row of rows) {
    const found = pages[Number(row.ix) - 1]
    if (!found) continue
    found.found = row.found
    found.entries.push({
      sequence: Number(row.sequence),
      receivedAt: Number(row.received_at),
      envelope: Buffer.from(row.envelope, 'base64'),
      body: row.body === null ? null : Buffer.from(row.body, 'base64'),
    })
  }
  return pages.map(({ entries, found }) => ({ entries, more: found > entries.length }))
}

/** Two lanes, so that whoever asks much by requests keeps no socket waiting. */
export const createPages = (database: Database): Pages => {
  const page = createBatcher<PageRequest, Page>({
    maxItems: 64,
    maxInFlight,
    run: requests => readPages(database, requests, Math.floor(socketBytes / requests.length)),
  })

  interface Requested {
    readonly request: PageRequest
    readonly signal: AbortSignal
  }
  const requested = createBatcher<Requested, Page>({
    maxItems: requestedPages,
    maxInFlight,
    keyOf: ({ request }) => `${request.userId}/${request.deviceId}`,
    onePerKey: true,
    async run(items) {
      const heard = items.filter(({ signal }) => !signal.aborted)
      const requests = heard.map(({ request }) => request)
      const pages = requests.length === 0 ? [] : await readPages(database, requests, limits.maxBufferedBytes)
      const pageOf = new Map(heard.map((item, index) => [item, pages[index]]))
      return items.map(item => pageOf.get(item) ?? { entries: [], more: false })
    },
  })

  return { page, requestedPage: (request, signal) => requested({ request, signal }) }
}
