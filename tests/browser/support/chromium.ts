import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { connectDevTools } from './devtools.js'
import { openPage, type Page } from './page.js'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

const findProgram = (): string => {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = names.flatMap(name => folders.map(folder => join(folder, name))).find(path => existsSync(path))
  const program = process.env.QSM_TEST_BROWSER ?? found
  if (program) return program
  throw new Error('No Chromium here: install one (Debian: apt-get install chromium), or name it in QSM_TEST_BROWSER.')
}

// Nothing but this machine is resolved: a browser that is tested calls nobody.
const flags = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
]

/** The address that a browser says on its standard error. */
const debuggingUrl = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`the browser ended with ${code}:\n${said}`)))
    child.stderr?.on('data', data => {
      said += String(data)
      const url = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (url) resolve(url)
    })
  })

/** A browser with a profile of its own. */
export interface Browser {
  /** Opens a tab. All tabs share what the origin keeps. */
  open(url: string): Promise<Page>
  close(): Promise<void>
  /** SIGKILL, as a machine that dies. */
  kill(): Promise<void>
}

/** Starts a headless Chromium on a profile folder, which it finds again as it was left. */
export const startBrowser = async (profile: string): Promise<Browser> => {
  // Root has no sandbox to go into.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(findProgram(), [...flags, ...asRoot, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const devTools = await connectDevTools(await debuggingUrl(child))
  return {
    open: url => openPage(devTools, url),
    async close() {
      await devTools.call('Browser.close')
      await ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
      devTools.close()
    },
  }
}
