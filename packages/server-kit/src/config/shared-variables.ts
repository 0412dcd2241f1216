import { z } from 'zod'
import { defineVariables } from './variables.js'

/** A whole number in text, from `minimum` to `maximum`. */
export const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^[0-9]+$/, `a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .refine(value => value >= minimum && value <= maximum, `a whole number from ${minimum} to ${maximum}`)

const hasCredentials = (text: string): boolean => {
  if (!URL.canParse(text)) return false // Told by the schema.
  const { username, password } = new URL(text)
  return username !== '' || password !== ''
}

/** An http(s) address. Logs, answers and findings name such addresses, so there is no password in them. */
export const httpAddress = (example: string) =>
  z
    .url({ protocol: /^https?$/, error: `an address such as ${example}` })
    .refine(text => !hasCredentials(text), 'an address without user and password, as it is logged')

export const flag = z.enum(['true', 'false'], 'true or false').transform(value => value === 'true')

const origins = z
  .string()
  .transform(value =>
    value
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== ''),
  )
  .refine(
    list =>
      list.every(
        origin =>
          origin === '*' || (!origin.includes('*') && URL.canParse(origin) && new URL(origin).origin === origin),
      ),
    'a list of origins such as https://app.example.org, without path, with commas between',
  )

const databaseUrl = z.string().superRefine((value, context) => {
  if (/^sqlite/i.test(value)) {
    const text =
      'SQLite is no longer used. Leave DATABASE_URL out for the embedded PostgreSQL, or name a PostgreSQL server'
    context.addIssue({ code: 'custom', message: text })
  } else if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    context.addIssue({ code: 'custom', message: 'an address that begins with postgres:// or postgresql://' })
  }
})

export const environmentVariables = defineVariables({
  QSM_ENV: {
    schema: z.enum(['development', 'test', 'production'], 'development, test or production'),
    default: 'production',
    doc: 'Where this runs. Only development and test accept generated and default secrets; test holds every answer to the API document.',
    example: 'production',
    aliases: ['AZURE_ENV'],
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'fatal, error, warn, info, debug or silent'),
    default: 'info',
    doc: 'How much is logged on standard output.',
    example: 'info',
  },
  LOG_FORMAT: {
    schema: z.enum(['auto', 'json', 'text'], 'auto, json or text'),
    default: 'auto',
    doc: 'How log lines look: json for machines, text for people; auto is text at a terminal and else json.',
    example: 'text',
  },
})

export const httpVariables = defineVariables({
  ALLOWED_ORIGINS: {
    schema: origins,
    default: '',
    doc: 'Origins of web pages that may call the API and open sockets; `*` allows all and is refused in production.',
    example: 'https://app.example.org,https://admin.example.org',
  },
  TRUST_PROXY: {
    schema: flag,
    default: 'false',
    doc: 'Whether one reverse proxy stands in front, whose X-Forwarded-For names the client.',
    example: 'true',
  },
  ADMIN_HOST: {
    schema: z.string().min(1, 'an address to listen on'),
    default: '127.0.0.1',
    doc: 'Address of the admin port. Keep it off the public network.',
    example: '0.0.0.0',
  },
  ADMIN_PORT: {
    schema: wholeNumber(0, 65_535),
    default: '9464',
    doc: 'Admin port with /livez, /readyz and /metrics.',
    example: '9464',
  },
  QSM_PUBLIC_URL: {
    schema: httpAddress('https://qsm.example.org'),
    optional: true,
    doc: 'Where clients reach this installation. Only `qsm-server doctor` uses it: it asks there for the health, a socket and the TLS handshake.',
    example: 'https://qsm.example.org',
  },
  DRAIN_SECONDS: {
    schema: wholeNumber(0, 600),
    default: '10',
    doc: 'How long a stop may take: sockets are closed in waves, requests finish, then it ends.',
    example: '30',
  },
})

export const databaseVariables = defineVariables({
  DATABASE_URL: {
    schema: databaseUrl,
    doc: 'The PostgreSQL server.',
    example: 'postgresql://qsm:password@db.example.org:5432/qsm',
    secret: true,
  },
  DATABASE_POOL_MAX: {
    schema: wholeNumber(1, 200),
    default: '10',
    doc: 'The most connections to PostgreSQL of one service.',
    example: '20',
  },
  DATABASE_POOLER: {
    schema: z.enum(['none', 'transaction'], 'none or transaction'),
    default: 'none',
    doc: 'Whether DATABASE_URL is a pooler such as PgBouncer in transaction mode. Time limits then come from its connect_query, and migrations need the address of PostgreSQL itself: docs/operations.md.',
    example: 'transaction',
  },
  DATABASE_PREPARED_STATEMENTS: {
    schema: flag,
    default: 'false',
    doc: 'Whether that pooler keeps statements that are prepared by name, as PgBouncer does since 1.21 with max_prepared_statements above 0. Straight to PostgreSQL they always are.',
    example: 'true',
  },
})

const redisUrl = z
  .string()
  .refine(
    value => /^rediss?:\/\/[^/]/.test(value) && URL.canParse(value),
    'an address that begins with redis:// or rediss://',
  )

const hostsAndPorts = z
  .string()
  .transform(value =>
    value
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== ''),
  )
  .refine(list => list.every(part => /^[^\s/@:]+:[0-9]{1,5}$/.test(part)), 'host:port, with commas between')

export const redisVariables = defineVariables({
  REDIS_URL: {
    schema: redisUrl,
    doc: 'The Redis over which several pods tell each other that there is something to read; left out, this process is alone. rediss:// for TLS.',
    example: 'rediss://qsm:password@redis.example.org:6379',
    secret: true,
    optional: true,
  },
  REDIS_PASSWORD: {
    schema: z.string().min(1, 'the password, or leave it out'),
    doc: 'The password of Redis where REDIS_URL has none, in plain characters.',
    example: 'what the Secret of the Valkey chart has under "default"',
    secret: true,
    optional: true,
  },
  REDIS_SENTINELS: {
    schema: hostsAndPorts,
    default: '',
    doc: 'Sentinels that know which Redis is the master, whose user, password and TLS are those of REDIS_URL. Not with REDIS_CLUSTER.',
    example: 'sentinel-0:26379,sentinel-1:26379',
  },
  REDIS_SENTINEL_NAME: {
    schema: z.string().min(1, 'the name of the master'),
    default: 'mymaster',
    doc: 'The name of the master that the sentinels watch.',
    example: 'mymaster',
  },
  REDIS_SENTINEL_USERNAME: {
    schema: z.string().min(1, 'the name of the user, or leave it out'),
    doc: 'As which user the sentinels are asked, where it is not `default`.',
    example: 'sentinel',
    optional: true,
  },
  REDIS_SENTINEL_PASSWORD: {
    schema: z.string().min(1, 'the password, or leave it out'),
    doc: 'The password that the sentinels ask for, where they ask for one; they are never sent that of Redis.',
    example: 'what the sentinels have as requirepass, or for their user',
    secret: true,
    optional: true,
  },
  REDIS_CLUSTER: {
    schema: flag,
    default: 'false',
    doc: 'Whether REDIS_URL is a node of a Redis Cluster; hints then go by sharded Pub/Sub.',
    example: 'true',
  },
})

export const tracingVariables = defineVariables({
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: httpAddress('http://collector:4318'),
    doc: 'The OpenTelemetry collector that gets traces of sends, as JSON over HTTP at /v1/traces below it; left out, nothing is traced.',
    example: 'http://collector:4318',
    optional: true,
  },
  OTEL_SERVICE_NAME: {
    schema: z.string().min(1, 'a name'),
    doc: 'The name under which the spans of this process are shown, instead of its own.',
    example: 'qsm-message',
    optional: true,
  },
})

export const tokenVariables = defineVariables({
  JWT_SECRET: {
    schema: z.string().min(1, 'a secret of at least 32 characters'),
    doc: 'Signs access tokens (HS256). At least 32 characters, random.',
    example: 'the output of: openssl rand -base64 48',
    secret: true,
  },
  JWT_SECRET_PREVIOUS: {
    schema: z.string().min(1, 'the secret before or the next one, or leave it out'),
    doc: 'Another secret whose tokens are accepted. A rotation without a refused request names the next secret here first, in all pods; then JWT_SECRET becomes that one and the secret before stands here, until its tokens have ended.',
    example: 'the value that JWT_SECRET gets next, or had before',
    secret: true,
    optional: true,
  },
  TOKEN_EXPIRE_MINUTES: {
    schema: wholeNumber(1, 1_440),
    default: '30',
    doc: 'Minutes that an access token lives.',
    example: '30',
  },
})

export const retentionVariables = defineVariables({
  MESSAGE_RETENTION_DAYS: {
    schema: wholeNumber(1, 3_650),
    default: '30',
    doc: 'Days that a message is kept at least: unacknowledged in its mailbox (up to a quarter longer, or a day where that is more), and for thin clients as it was opened.',
    example: '30',
  },
})
