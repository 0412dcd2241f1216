import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './tools.mjs'

/** An authority and a certificate for the host, for this proof alone, in `folder`: tls.crt, tls.key, ca.crt. */
export const makeCertificate = (folder, host) => {
  const at = name => join(folder, name)
  const openssl = (...args) => run('openssl', args, { stdio: ['ignore', 'ignore', 'ignore'] })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=QSM proof',
  )
  openssl('req', ...newKey, '-keyout', at('tls.key'), '-out', at('tls.csr'), '-subj', `/CN=${host}`)
  writeFileSync(at('san'), `subjectAltName=DNS:${host}\n`)
  openssl(
    ...['x509', '-req', '-in', at('tls.csr'), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial'],
    ...['-out', at('tls.crt'), '-days', '2', '-extfile', at('san')],
  )
  return { caFile: at('ca.crt') }
}
