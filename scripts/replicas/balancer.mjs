import { routeSections } from '@qsm/contract'

const publicRoutes = routeSections.flatMap(section => section.routes)

/** The paths of a service as one regular expression: `{id}` stands for one part. */
const pathsOf = service => {
  const paths = new Set(publicRoutes.filter(route => route.service === service).map(route => route.path))
  return [...paths].map(path => `^${path.replaceAll(/\{[a-z_]+\}/g, '[^/]+')}$`)
}

/** A pod that is gone is left by the retries at once; one connection that fails in a rush of thousands says nothing of a pod. */
const server = ({ name, port, adminPort }) =>
  `  server ${name} 127.0.0.1:${port} check port ${adminPort} inter 500ms fastinter 200ms fall 2 rise 1 on-marked-down shutdown-sessions observe layer4 error-limit 10 on-error mark-down`

const backend = (name, pods) => [
  `backend ${name}`,
  '  option httpchk GET /readyz',
  // Sockets last: taking turns over requests of all kinds can bring all of them to one pod.
  '  balance leastconn',
  '  option redispatch 1',
  '  retries 3',
  // What may have been done is not done again by the balancer: only reading is tried at another pod.
  '  retry-on conn-failure empty-response',
  '  http-request disable-l7-retry unless METH_GET',
  ...pods.map(server),
]

const errorBody =
  '{\\"error\\":{\\"code\\":\\"unavailable\\",\\"message\\":\\"No pod of this service answers just now: try again in a second.\\",\\"retryable\\":true,\\"request_id\\":\\"%[uuid()]\\"},\\"status_code\\":STATUS,\\"timestamp\\":\\"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]\\"}'
const httpError = status =>
  `  http-error status ${status} content-type application/json lf-string "${errorBody.replace('STATUS', status)}" hdr Retry-After 1`

/** A configuration of haproxy: no sticky sessions, sockets may stay open for an hour of silence, `/internal` is nobody's. */
export const haproxyConfig = ({ host, port, auth, quantum, messages }) =>
  [
    'defaults',
    '  mode http',
    '  option forwardfor',
    '  option http-keep-alive',
    '  timeout connect 1s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  timeout queue 2s',
    '  timeout tunnel 1h',
    '  timeout http-request 30s',
    ...[502, 503, 504].map(httpError),
    'frontend main',
    `  bind ${host}:${port}`,
    '  http-request del-header X-Forwarded-For',
    '  http-request deny deny_status 404 if { path_beg /internal }',
    `  use_backend auth if { path_reg ${pathsOf('auth').join(' ')} }`,
    '  use_backend quantum if { path_beg /api/quantum/ }',
    '  default_backend message',
    ...backend('auth', [auth]),
    ...backend('quantum', [quantum]),
    ...backend('message', messages),
    '',
  ].join('\n')
