// npm start: installs and builds what is missing, then runs the server in this process.
import { setUp } from './setup.mjs'

setUp()
const { run } = await import('../services/standalone/dist/src/main.js')
await run(['start', ...process.argv.slice(2)])
