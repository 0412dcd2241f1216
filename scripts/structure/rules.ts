// The rules that scripts/check-structure.ts holds the tree to. A path that ends in "/" means all below it; "*" is any
// one name. Each rule says what to do instead.

/** Who may import which workspaces. Package, service or folder by name; tests and scripts may import everything. */
export const layers: Readonly<Record<string, { readonly may: readonly string[]; readonly instead: string }>> = {
  'packages/protocol': { may: [], instead: 'what the protocol needs is handed in (src/ports.ts)' },
  'packages/contract': { may: [], instead: 'the contract stands alone; move what both need into it' },
  wasm: { may: ['protocol'], instead: 'wasm implements the ports of @qsm/protocol and knows nothing else' },
  'packages/server-kit': { may: ['contract', 'protocol'], instead: 'let the service hand it in' },
  'packages/client': {
    may: ['contract', 'protocol', 'wasm'],
    instead: 'the client runs in browsers too; put what needs Node into @qsm/client-node',
  },
  'packages/client-node': { may: ['client', 'contract', 'protocol', 'wasm'], instead: 'ask @qsm/client' },
  'packages/cli': { may: ['client', 'client-node'], instead: 'ask @qsm/client or @qsm/client-node' },
  'services/auth': {
    may: ['server-kit', 'contract', 'protocol', 'wasm'],
    instead: 'services meet in @qsm/contract (account feed, hints)',
  },
  'services/message': {
    may: ['server-kit', 'contract', 'protocol', 'wasm'],
    instead: 'services meet in @qsm/contract (account feed, hints)',
  },
  'services/quantum-crypto': {
    may: ['server-kit', 'contract', 'protocol', 'wasm'],
    instead: 'services meet in @qsm/contract (account feed, hints)',
  },
  'services/standalone': {
    may: ['auth', 'message', 'quantum-crypto', 'server-kit', 'contract', 'protocol', 'wasm'],
    instead: 'clients talk to the server by HTTP',
  },
}

const tracingInstead = 'the tracing of @qsm/server-kit'

/** Where each outside library is used, and what everybody else uses. A library that is not here has no owner yet. */
export const owners: Readonly<Record<string, { readonly where: readonly string[]; readonly instead: string }>> = {
  '@koa/cors': { where: ['packages/server-kit/src/http/'], instead: 'createHttpApp of @qsm/server-kit' },
  '@noble/post-quantum': { where: ['wasm/src/'], instead: 'loadPostQuantum of @qsm/wasm/noble' },
  '@node-rs/argon2': { where: ['services/auth/src/passwords/'], instead: 'the hasher of services/auth' },
  '@oqs/liboqs-js': { where: ['wasm/src/'], instead: 'loadPostQuantum of @qsm/wasm' },
  '@opentelemetry/api': { where: ['packages/server-kit/src/tracing/'], instead: tracingInstead },
  '@opentelemetry/exporter-trace-otlp-http': {
    where: ['packages/server-kit/src/tracing/'],
    instead: tracingInstead,
  },
  '@opentelemetry/resources': { where: ['packages/server-kit/src/tracing/'], instead: tracingInstead },
  '@opentelemetry/sdk-trace': { where: ['packages/server-kit/src/tracing/'], instead: tracingInstead },
  'close-with-grace': { where: ['packages/server-kit/src/lifecycle/'], instead: 'stopOnSignal of @qsm/server-kit' },
  ioredis: { where: ['packages/server-kit/src/redis/'], instead: 'the bus and the presence of @qsm/server-kit' },
  jsonwebtoken: { where: ['packages/server-kit/src/tokens/'], instead: 'createTokens of @qsm/server-kit' },
  koa: {
    where: ['packages/server-kit/src/http/', 'packages/server-kit/src/socket/', 'packages/server-kit/src/lifecycle/'],
    instead: 'route() and createHttpApp of @qsm/server-kit',
  },
  'koa-helmet': { where: ['packages/server-kit/src/http/'], instead: 'createHttpApp of @qsm/server-kit' },
  'koa-websocket': { where: ['packages/server-kit/src/socket/'], instead: 'the sockets of @qsm/server-kit' },
  pg: { where: ['packages/server-kit/src/database/'], instead: 'the database of @qsm/server-kit' },
  pino: {
    where: [
      'packages/server-kit/src/log.ts',
      'packages/server-kit/src/log-output.ts',
      'packages/server-kit/src/log-text.ts',
    ],
    instead: 'createLog of @qsm/server-kit',
  },
  piscina: {
    where: ['services/quantum-crypto/src/signing/', 'services/auth/src/passwords/'],
    instead: 'createSigningPool of services/quantum-crypto, or the hasher of services/auth',
  },
  'prom-client': { where: ['packages/server-kit/src/metrics/'], instead: 'the metrics of @qsm/server-kit' },
  'rate-limiter-flexible': {
    where: ['packages/server-kit/src/limits/'],
    instead: 'the rate limits of @qsm/server-kit',
  },
  'raw-body': { where: ['packages/server-kit/src/http/'], instead: 'the body that route() hands over' },
  'swagger-ui-dist': { where: ['packages/server-kit/src/http/'], instead: 'documents() of @qsm/server-kit' },
  typeorm: {
    where: [
      'packages/server-kit/src/database/',
      'packages/server-kit/src/accounts/entities.ts',
      'services/auth/src/sessions/',
      'services/auth/src/feed/',
      'services/*/src/entities/',
      'services/*/src/migrations/',
      // As what an ORM does by itself, beside ours.
      'scripts/bench/suite/',
    ],
    instead: 'the database of @qsm/server-kit, or SQL through its pool',
  },
  uuid: { where: ['packages/server-kit/src/ids.ts'], instead: 'newId of @qsm/server-kit' },
  ws: {
    where: ['packages/server-kit/src/socket/', 'packages/client-node/src/'],
    instead: 'the sockets of @qsm/server-kit or @qsm/client-node',
  },
  zod: {
    where: ['packages/contract/src/', 'packages/server-kit/src/', 'services/*/src/config.ts', 'services/*/src/config/'],
    instead: 'the schemas of @qsm/contract',
  },
  'zod-openapi': { where: ['packages/contract/src/documents/'], instead: '@qsm/contract/documents' },
}

/** Sources that run in a browser as well: nothing of Node. */
export const isomorphic = ['packages/protocol/src/', 'packages/contract/src/', 'packages/client/src/']

/** Programs that run before anything is installed: nothing but Node itself. */
export const beforeInstall = [
  'scripts/images/',
  'scripts/services/',
  'scripts/setup/',
  'scripts/setup.mjs',
  'scripts/start.mjs',
  'scripts/test.mjs',
  'scripts/test/',
  'scripts/verify.mjs',
]

export interface ForbiddenCode {
  readonly rule: string
  readonly pattern: RegExp
  /** Where it counts. */
  readonly where: readonly string[]
  readonly except: readonly string[]
  readonly instead: string
}

const sources = ['packages/', 'services/', 'wasm/']
const commands = [
  'packages/cli/',
  'services/standalone/src/commands/',
  'services/*/src/main.ts',
  'services/*/bin/',
  'packages/server-kit/src/pod/run-pod.ts',
  'wasm/build/',
]

export const forbiddenCode: readonly ForbiddenCode[] = [
  {
    rule: 'environment',
    pattern: /\bprocess\s*\.\s*env\b|\}\s*=\s*process\b(?!\s*\.)/g,
    where: sources,
    except: [
      'services/*/src/config.ts',
      'services/*/src/config/',
      'packages/server-kit/src/config/',
      'packages/cli/src/main.ts',
      'wasm/build/',
    ],
    instead: 'read it in the config file of the service (or in main.ts of the cli) and hand the value down',
  },
  {
    rule: 'console',
    pattern: /\bconsole\s*\.\s*\w+/g,
    where: sources,
    except: [...commands, 'packages/client/src/events.ts'],
    instead: 'log through createLog of @qsm/server-kit, or return the text to the command',
  },
  {
    rule: 'ambient',
    pattern:
      /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bMath\s*\.\s*random\b|\bgetRandomValues\b|\brandomUUID\b|\bperformance\s*\.\s*now\b/g,
    where: ['packages/protocol/src/'],
    except: [],
    instead: 'take clock and randomness from the Algorithms that are handed in',
  },
  {
    rule: 'clock',
    pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)/g,
    where: ['packages/contract/src/', 'packages/client/src/', 'packages/server-kit/src/', 'services/'],
    except: ['packages/server-kit/src/clock.ts', 'packages/client/src/algorithms.ts'],
    instead: 'take the clock that is handed in (clock.now(), algorithms.now())',
  },
  {
    rule: 'named exports',
    pattern: /\bexport\s+default\b/g,
    where: sources,
    except: [],
    instead: 'export it by its name',
  },
]

/** Lines that a file may have. */
export const maxLines = { source: 350, test: 500 } as const

/** Names that say nothing about what is inside. */
export const emptyNames = /(^|[-./])(utils?|helpers?|common|misc|shared-stuff)([-./]|$)/

export const forbiddenText: readonly { readonly rule: string; readonly pattern: RegExp; readonly instead: string }[] = [
  {
    rule: 'registry address',
    pattern: /https?:\/\/[\w.-]*(?:registry|artifact|nexus|npm-mirror|\.pkg\.dev)[\w.-]*/gi,
    instead: 'leave the registry to the npm configuration of the machine',
  },
  {
    rule: 'machine path',
    pattern: /(?<![\w.\-/])\/(?:work|root|home\/\w+|Users\/\w+)\/[\w.]/g,
    instead: 'use a path from the root of the repository or a temporary folder',
  },
]
