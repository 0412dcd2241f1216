import { startEmbeddedPostgres } from '../src/embedded-postgres/start.js'

// Run by a test as another process; it holds the data until it is killed.
const { url, pid } = await startEmbeddedPostgres({ dataFolder: process.argv[2] ?? '', durable: false })
console.log(JSON.stringify({ url, pid }))
setInterval(() => {}, 60_000)
