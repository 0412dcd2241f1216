import { randomBytes } from 'node:crypto'
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPerson } from './person.mjs'
import { searchPlaintext } from './search-plaintext.mjs'
import { startServer } from './server.mjs'

export const thousandLinesFile = fileURLToPath(new URL('thousand-lines.txt', import.meta.url))

/** How long the rest of the lines may take to arrive once all were sent. */
const arrivalMs = 60_000

const begun = performance.now()
const seconds = () => `${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s`
const say = text => console.log(`${seconds()}  ${text}`)
const heading = text => console.log(`\n${seconds()}  — ${text}`)

const freePort = () =>
  new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

const checks = []
const check = (name, ok, detail = '') => {
  checks.push(ok)
  say(`${ok ? 'right' : 'WRONG'}  ${name}${detail ? `: ${detail}` : ''}`)
}

const handshakes = async (alice, bob) => {
  heading('a connection by request and answer (mode B)')
  await alice.run('request', bob.name)
  const [pending] = await bob.run('pending')
  say(`bob sees that ${pending.from} asks`)
  await bob.run('accept', alice.name)
  await bob.run('send', alice.name, 'hello alice, I have accepted')
  const [first] = await alice.run('receive')
  check('alice reads what bob sealed', first?.text === 'hello alice, I have accepted' && first.verified === true)
  await alice.run('send', bob.name, 'hello bob')
  const [answer] = await bob.run('receive')
  check('bob reads the answer', answer?.text === 'hello bob')
  const [[a], [b]] = [await alice.run('safety-number', bob.name), await bob.run('safety-number', alice.name)]
  check('both see one safety number', a.safety_number === b.safety_number, a.safety_number.match(/.{5}/g).join(' '))
}

const prekeys = async (carol, alice) => {
  heading('a conversation by prekeys, while the other is away (mode A)')
  await carol.run('start', alice.name)
  await carol.run('send', alice.name, 'you were not there, so I began')
  const [first] = await alice.run('receive')
  check('alice reads it later', first?.text === 'you were not there, so I began' && first.from === carol.name)
  await alice.run('send', carol.name, 'now I am')
  const [answer] = await carol.run('receive')
  check('carol reads the answer', answer?.text === 'now I am')
}

const manyLines = async (alice, bob, server, textFile) => {
  const lines = readFileSync(textFile, 'utf8').trimEnd().split('\n')
  heading(`${lines.length} lines, one message each${server.kill ? '; the server is killed in the middle' : ''}`)
  const stride = Math.max(1, Math.round(lines.length / 6))
  const received = []
  let sent = 0
  let killed = false
  const listening = bob.listen(lines.length, message => {
    received.push(message.text)
    if (received.length % stride === 0) say(`bob has ${received.length} lines`)
  })
  const started = performance.now()
  await alice.sendLines(bob.name, createReadStream(textFile), () => {
    sent += 1
    if (sent % stride === 0) say(`alice has sent ${sent} lines`)
    if (server.kill && sent === Math.floor(lines.length / 2) && !killed) {
      killed = true
      say('kill -9 of the server')
      server.kill()
    }
  })
  const patience = setTimeout(listening.stop, arrivalMs)
  await listening.ended
  clearTimeout(patience)
  const took = (performance.now() - started) / 1000
  check(
    'every line arrived once, in order',
    JSON.stringify(received) === JSON.stringify(lines),
    `${received.length} of ${lines.length}`,
  )
  if (server.kill) check('the server was started again on the same data', server.restarts === 1)
  say(`${(lines.length / took).toFixed(0)} lines a second, sealed, signed, stored, pushed and acknowledged one by one`)
  return lines
}

/** The story itself. `suffix` keeps the names apart from those of others on the same server. Returns the lines that were sent. */
const story = async (server, folder, textFile, suffix) => {
  const person = name => createPerson({ name: `${name}${suffix}`, home: join(folder, name), url: server.url })
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map(person)
  for (const one of [alice, bob, carol]) {
    await one.run('register', one.name, '--email', `${one.name}@example.org`)
    say(`${one.name} has an account and a device; the private keys stay with ${one.name}`)
  }
  await handshakes(alice, bob)
  await prekeys(carol, alice)
  return manyLines(alice, bob, server, textFile)
}

const searchDatabase = (dataFolder, lines) => {
  heading('what the server holds')
  const texts = [...lines.filter(line => line.length > 12), 'hello alice, I have accepted', 'you were not there']
  const { found, bytes, sawPresent } = searchPlaintext(dataFolder, texts, 'alice@example.org')
  check('the search finds what the server does hold (an e-mail address)', sawPresent)
  check(
    'no line of plaintext in any file of the database',
    found.length === 0,
    `${(bytes / 1e6).toFixed(0)} MB searched${found.length ? `; ${found.slice(0, 3).join('; ')}` : ''}`,
  )
}

const onFreshServer = async (folder, textFile) => {
  const dataFolder = join(folder, 'data')
  const ports = { main: await freePort(), quantum: await freePort(), admin: await freePort() }
  heading('a fresh server on an embedded PostgreSQL')
  const server = await startServer({ dataFolder, ports, say })
  try {
    const lines = await story(server, folder, textFile, '')
    await server.stop()
    searchDatabase(dataFolder, lines)
  } finally {
    await server.stop()
  }
}

/**
 * Plays the story with the lines of a file, against a fresh server or, where `url` is given, against the one there, which is
 * then neither killed nor searched. Returns the exit code.
 */
export const playDemo = async ({ textFile, url }) => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-demo-'))
  try {
    if (url) await story({ url }, folder, textFile, `-${randomBytes(4).toString('hex')}`)
    else await onFreshServer(folder, textFile)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const wrong = checks.filter(ok => !ok).length
  console.log(`\n${seconds()}  ${checks.length - wrong} right, ${wrong} wrong`)
  return wrong === 0 ? 0 : 1
}
