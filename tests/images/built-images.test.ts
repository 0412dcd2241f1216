import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { freePort } from '../support/free-port.js'
import { type Container, type ContainerOptions, startContainer } from './support/containers.js'
import { inheritedInstructions, readDockerfile } from './support/dockerfile.js'

const { IMAGE_BUILDER: builder = '' } = process.env
const title = builder === '' ? 'built images: not run, IMAGE_BUILDER names no builder' : 'built images'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
const pods = 'localhost/qsm:test'
const standalone = 'localhost/qsm-standalone:test'
const secrets = {
  JWT_SECRET: 'a-secret-of-the-images-test-0123456789',
  QSM_KEK: `k1:${randomBytes(32).toString('base64')}`,
}

const running: Container[] = []
const start = (image: string, options: ContainerOptions = {}): Container => {
  const container = startContainer(builder, image, options)
  running.push(container)
  return container
}
const run = async (image: string, options: ContainerOptions) => {
  const container = start(image, options)
  return { code: await container.ended, output: container.output().trim() }
}

/** The exit code of the image's own health check. */
const healthAt = async (adminPort: number): Promise<number | null> => {
  const instructions = inheritedInstructions(readDockerfile(new URL('../../Dockerfile', import.meta.url)), 'qsm')
  const check = instructions.find(({ word }) => word === 'HEALTHCHECK')?.rest.replace(/^.*CMD /, '') ?? ''
  const environment = { ADMIN_PORT: String(adminPort), QUANTUM_ADMIN_PORT: '1' }
  return (await run(pods, { entrypoint: JSON.parse(check) as string[], args: [], environment })).code
}

const post = async (port: number, path: string, body: object): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return `${response.status} ${await response.text()}`
}
const user = { username: 'image_user', password: 'a long password of the image' }
const account = { ...user, email: 'image@example.org' }

/** Waits until the admin port says that the container is ready, or fails with what it printed. */
const becomesReady = async (container: Container, adminPort: number): Promise<number> => {
  const begun = performance.now()
  let over = false
  void container.ended.then(() => {
    over = true
  })
  while (!over) {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => null)
    if (response?.ok) return performance.now() - begun
    await wait(20)
  }
  throw new Error(`The container has ended:\n${container.output()}`)
}

describe.skipIf(builder === '')(title, { timeout: 120_000 }, () => {
  let database: TestDatabase
  const dataFolder = mkdtempSync(join(tmpdir(), 'qsm-image-data-'))

  beforeAll(async () => {
    database = await createTestDatabase()
    const env = { ...process.env, IMAGE_TAG: 'test', IMAGE_PREFIX: 'localhost/' }
    execFileSync(process.execPath, ['scripts/images/build.mjs'], {
      cwd: root,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }, 900_000)
  afterAll(async () => {
    await Promise.all(running.map(container => container.stop()))
    await database.drop()
    rmSync(dataFolder, { recursive: true })
  })

  it('say their version, as user 65532', async () => {
    expect(await run(pods, { args: ['--version'] })).toEqual({ code: 0, output: version })
    const script = ['-p', '[process.getuid(), process.getgid(), process.version.split(".")[0]].join()']
    expect(await run(pods, { entrypoint: ['node'], args: script })).toEqual({ code: 0, output: '65532,65532,v24' })
  })

  it.each(['npm', 'npx', 'corepack', 'yarn', 'sh'])('have no %s where the pods run', async program => {
    const { code } = await run(pods, { entrypoint: [program], args: ['--version'] })
    expect(code).not.toBe(0)
  })

  it('bring a database up to date, and then each pod gets ready and ends well on SIGTERM', async () => {
    const environment = { QSM_ENV: 'production', DATABASE_URL: database.url, ...secrets }
    expect(await run(pods, { args: ['migrate'], environment })).toMatchObject({ code: 0 })

    const ports = { auth: await freePort(), message: await freePort(), 'quantum-crypto': await freePort() }
    const adminPorts: number[] = []
    const services: Container[] = []
    const urls = {
      AUTH_URL: `http://127.0.0.1:${ports.auth}`,
      QUANTUM_API_URL: `http://127.0.0.1:${ports['quantum-crypto']}`,
    }
    for (const [name, port] of Object.entries(ports)) {
      const adminPort = await freePort()
      adminPorts.push(adminPort)
      const container = start(pods, {
        entrypoint: ['node', `services/${name}/dist/src/main.js`],
        args: [],
        environment: { ...environment, ...urls, PORT: String(port), ADMIN_PORT: String(adminPort) },
      })
      const readyMs = await becomesReady(container, adminPort)
      services.push(container)
      console.log(`${name} is ready after ${Math.round(readyMs)} ms`)
    }
    expect(await post(ports.auth, 'register', account)).toMatch(/^201 /)
    expect(await healthAt(adminPorts[0] ?? 0)).toBe(0)
    for (const container of services) expect(await container.stop()).toBe(0)
    expect(await healthAt(adminPorts[0] ?? 0)).toBe(1)
  })

  it('keep everything in /data where one process is all, and start on it again', async () => {
    chownSync(dataFolder, 65_532, 65_532)
    for (const round of ['first', 'second']) {
      const [port, quantumPort, adminPort] = [await freePort(), await freePort(), await freePort()]
      const environment = { PORT: String(port), QUANTUM_PORT: String(quantumPort), ADMIN_PORT: String(adminPort) }
      const container = start(standalone, { dataFolder, environment })
      const readyMs = await becomesReady(container, adminPort)
      console.log(`standalone is ready after ${Math.round(readyMs)} ms, ${round} start`)
      const answer = await (round === 'first' ? post(port, 'register', account) : post(port, 'login', user))
      expect(answer).toMatch(round === 'first' ? /^201 / : /^200 /)
      expect(await container.stop()).toBe(0)
    }
  })
})
