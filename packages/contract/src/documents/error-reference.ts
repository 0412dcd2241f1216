import { type CloseCode, closeCodes, reconnectsAfter, standardCloseCodes } from '../close-codes.js'
import { errorCatalogue } from '../errors.js'

const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

const errorRows = Object.entries(errorCatalogue)
  .map(([code, entry]) => ({ code, ...entry }))
  .sort((a, b) => a.status - b.status || a.code.localeCompare(b.code, 'en'))
  .map(({ code, status, retryable, message, when }) =>
    row(`\`${code}\``, status, retryable ? 'yes' : 'no', message, when),
  )

const closeRow = ({ code, reason, meaning, next }: CloseCode): string =>
  row(code, `\`${reason}\``, reconnectsAfter(code) ? 'yes' : 'no', meaning, next)

const closeHead = [
  row('Code', 'Reason', 'Connect again', 'Meaning', 'What a client does'),
  row('---', '---', '---', '---', '---'),
]

/** The reference of error and close codes, in Markdown. */
export const errorReference = (): string =>
  `${[
    '# Error and close codes',
    '',
    'Generated from `packages/contract`; `npm run generate` writes it anew.',
    '',
    '## Errors',
    '',
    'An answer of 400 or above is `{"error": {"code", "message", "retryable", "request_id"}, "status_code", "timestamp"}`, and a socket sends',
    'the same `error` object in a frame. Some codes add fields to it: `field` (what does not fit), `missing` and `extra` (device_mismatch;',
    'they stand at the top of the answer too) and `allow` (method_not_allowed). The text may be more exact than the one given here: it',
    'names the field and the limit. Decide by `code`. Where a repeat may help, 429 and 503 carry `Retry-After` in seconds.',
    '',
    row('Code', 'Status', 'Retry', 'Text', 'When'),
    row('---', '---', '---', '---', '---'),
    ...errorRows,
    '',
    '## Close codes of sockets',
    '',
    'From 4000 to 4499: connect again. From 4500 to 4999: stop.',
    '',
    ...closeHead,
    ...Object.values(closeCodes).map(closeRow),
    '',
    'Codes of RFC 6455 section 7.4.1 and its registry:',
    '',
    ...closeHead,
    ...standardCloseCodes.map(closeRow),
  ].join('\n')}\n`
