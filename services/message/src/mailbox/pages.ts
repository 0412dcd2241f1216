import { limits } from '@qsm/contract'
import { bigints, createBatcher, type Database, integers, uuids } from '@qsm/server-kit'
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

interface PageRow {
  readonly ix: string
  /** How many there are, with one behind the page. */
  readonly found: number
  /** Sequence, time, envelope and, where it has one, body of each; the last two in base64. Null where there is none. */
  readonly entries: string | null
}

/**
 * Sizes are known without reading what is stored aside, so a page that is cut costs no more than what it holds. The arrays are
 * hidden behind a SELECT: a planner that sees how short they are finds a plan for them cheaper than one for all, and plans each
 * time, which takes longer than the page. A page comes as one text: the driver takes longer for fifty rows of six columns than
 * what they hold is worth. Base64 is two thirds of the hexadecimal form in which a bytea comes, and read three times as fast.
 */
const pageStatement = `
SELECT r.ix, coalesce(e.found, 0) AS found, e.entries
FROM unnest((SELECT $1::uuid[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]), (SELECT $4::int[]),
  (SELECT $5::bigint[])) WITH ORDINALITY AS r(user_id, device_id, after, size, max_bytes, ix)
CROSS JOIN LATERAL (
  SELECT max(p.found) AS found, string_agg(concat_ws(' ', p.sequence, p.received_at, encode(p.envelope, 'base64'),
    encode(p.body, 'base64')), ',' ORDER BY p.sequence) AS entries FROM (
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
) e`

const entryOf = (text: string): Entry => {
  const [sequence = '', receivedAt = '', envelope = '', body] = text.split(' ')
  return {
    sequence: Number(sequence),
    receivedAt: Number(receivedAt),
    envelope: Buffer.from(envelope, 'base64'),
    body: body === undefined ? null : Buffer.from(body, 'base64'),
  }
}

/** The most bytes of a statement for sockets; a page that is shorter for it says that there is more. */
const socketBytes = 8 * 1_048_576
/** Of at most 1 MiB each. */
const requestedPages = 4
const maxInFlight = 2

const readPages = async (database: Database, requests: readonly PageRequest[], mostBytes: number) => {
  const rows = await database.query<PageRow>({ name: 'mailbox-pages', text: pageStatement }, [
    uuids(requests.map(request => request.userId)),
    bigints(requests.map(request => request.deviceId)),
    bigints(requests.map(request => request.after)),
    integers(requests.map(request => request.limit)),
    bigints(requests.map(request => Math.min(request.maxBytes ?? limits.maxBufferedBytes, mostBytes))),
  ])
  const pages: Page[] = requests.map(() => ({ entries: [], more: false }))
  for (const { ix, found, entries: text } of rows) {
    const entries = text === null ? [] : text.split(',').map(entryOf)
    pages[Number(ix) - 1] = { entries, more: found > entries.length }
  }
  return pages
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
