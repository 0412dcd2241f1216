import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../../services/standalone/dist/src/embedded-postgres/start.js'
import { haproxyConfig } from './balancer.mjs'
import { isReady, launch, takesConnections } from './launch.mjs'
import { marker } from './leftovers.mjs'

const program = service => fileURLToPath(new URL(`../../services/${service}/dist/src/main.js`, import.meta.url))
const local = port => `http://127.0.0.1:${port}`

/** What to start, in this order; each with `name`, `url` and `start`. */
export const servicesOf = ({ folder, logFolder, secrets, ports, postgresUrl, pooled, messageProgram }) => {
  const logFile = name => join(logFolder, `${name}.log`)
  const redisUrl = `redis://:${secrets.redisPassword}@127.0.0.1:${ports.redis}`
  const pod = (name, main, [port, adminPort], own) => ({
    name,
    url: local(port),
    start: () =>
      launch({
        command: process.execPath,
        args: [main],
        env: {
          [marker]: folder,
          QSM_ENV: 'development',
          LOG_FORMAT: 'json',
          HOST: '127.0.0.1',
          PORT: String(port),
          ADMIN_HOST: '127.0.0.1',
          ADMIN_PORT: String(adminPort),
          TRUST_PROXY: 'true',
          ALLOWED_ORIGINS: process.env.ALLOWED_ORIGINS ?? '',
          DATABASE_URL: postgresUrl(),
          ...(pooled ? { DATABASE_POOLER: 'transaction', MIGRATE_AT_START: 'false' } : {}),
          REDIS_URL: redisUrl,
          JWT_SECRET: secrets.jwtSecret,
          ...own,
        },
        logFile: logFile(name),
        ready: () => isReady(`${local(adminPort)}/readyz`),
      }),
  })
  const messageOwn = {
    AUTH_URL: local(ports.auth[0]),
    QUANTUM_API_URL: local(ports.quantum[0]),
    QUANTUM_PUBLIC_URL: local(ports.balancer),
  }
  const message = messageProgram ?? program('message')
  const messages = ports.messages.map((own, index) => [`message-${index + 1}`, own])
  const balanced = (name, [port, adminPort]) => ({ name, port, adminPort })

  return [
    {
      name: 'redis',
      // Without the password: this is shown.
      url: `redis://127.0.0.1:${ports.redis}`,
      start: () =>
        launch({
          command: 'redis-server',
          args: ['-'],
          env: { [marker]: folder },
          input: [
            `port ${ports.redis}`,
            'bind 127.0.0.1',
            `requirepass ${secrets.redisPassword}`,
            'save ""',
            'appendonly no',
            `dir ${folder}`,
            '',
          ].join('\n'),
          logFile: logFile('redis'),
          ready: () => takesConnections(ports.redis),
        }),
    },
    pod('quantum-crypto', program('quantum-crypto'), ports.quantum, {
      AUTH_URL: local(ports.auth[0]),
      QSM_KEK: secrets.kek,
    }),
    pod('auth', program('auth'), ports.auth, { QUANTUM_API_URL: local(ports.quantum[0]) }),
    ...messages.map(([name, own]) => pod(name, message, own, messageOwn)),
    {
      name: 'balancer',
      url: local(ports.balancer),
      start() {
        const file = join(folder, 'haproxy.cfg')
        writeFileSync(
          file,
          haproxyConfig({
            host: process.env.HOST ?? '127.0.0.1',
            port: ports.balancer,
            auth: balanced('auth', ports.auth),
            quantum: balanced('quantum-crypto', ports.quantum),
            messages: messages.map(([name, own]) => balanced(name, own)),
          }),
        )
        return launch({
          command: 'haproxy',
          args: ['-db', '-f', file],
          env: { [marker]: folder },
          logFile: logFile('balancer'),
          ready: () => isReady(`${local(ports.balancer)}/api/health`),
        })
      },
    },
  ]
}

/** PostgreSQL, always on the same port; its log is in the folder of its data. */
export const postgresOf = ({ folder, ports, settings }) => {
  let url = ''
  return {
    name: 'postgres',
    url: `postgresql://127.0.0.1:${ports.postgres}`,
    address: () => url,
    async start() {
      const server = await startEmbeddedPostgres({
        dataFolder: join(folder, 'postgres'),
        port: ports.postgres,
        settings: ['max_connections=200', ...settings],
      })
      url = server.url
      const ended = server.ended.then(async code => {
        await server.stop() // Gives the data back, for the next one.
        return code === null ? 'killed' : `exit code ${code}`
      })
      return { pid: server.pid, ended, stop: () => server.stop() }
    },
  }
}
