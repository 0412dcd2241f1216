import { spawn } from 'node:child_process'

/** What the launcher has made ready. */
export interface Proof {
  /** The host that the ingress answers to. */
  readonly host: string
  /** Where tls.crt, tls.key and ca.crt are. */
  readonly folder: string
  readonly image: string
  /** The same with one more migration; an upgrade is not tried without it. */
  readonly next?: string
  /** An image of k6 that the node has; null where there is no k6 to make one of, left out where the cluster can pull its own. */
  readonly k6Image?: string | null
  /** Whether the node has the image of prometheus-adapter. */
  readonly hasAdapter: boolean
}

export const namespace = 'qsm-proof'
export const release = 'qsm'
export const chart = new URL('../../charts/qsm', import.meta.url).pathname
export const manifest = (name: string): string => new URL(`manifests/${name}`, import.meta.url).pathname

/** Reads what the launcher hands on. */
export const readProof = (): Proof => {
  const text = process.env.QSM_PROOF
  if (!text) throw new Error('run "npm run test:cluster", which starts this')
  return JSON.parse(text)
}

const begun = performance.now()
export const say = (text: string): void =>
  console.error(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(5)} s  ${text}`)

export interface CommandOptions {
  readonly input?: string
  /** Whether a failure resolves too, with what was printed. */
  readonly mayFail?: boolean
  readonly timeoutMs?: number
  /** Besides the variables of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program; resolves with its standard output. Rejects with what it printed where it fails. */
export const command = (program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 300_000,
      killSignal: 'SIGKILL',
      env: { ...process.env, ...options.env },
    })
    let out = ''
    let errors = ''
    child.stdout.on('data', data => {
      out += data
    })
    child.stderr.on('data', data => {
      errors += data
    })
    child.once('error', reject)
    child.once('close', code => {
      if (code === 0 || options.mayFail) resolve(out)
      else reject(new Error(`${program} ${args.slice(0, 6).join(' ')} … ended with ${code}: ${errors}${out}`))
    })
    child.stdin.on('error', () => {}) // A program that has ended reads nothing more; its exit code says why.
    child.stdin.end(options.input ?? '')
  })

export const kubectl = (...args: readonly string[]): Promise<string> =>
  command('kubectl', ['--namespace', namespace, ...args])

export const apply = (text: string): Promise<string> =>
  command('kubectl', ['--namespace', namespace, 'apply', '--filename', '-'], { input: text })

export const helm = (args: readonly string[], options: CommandOptions = {}): Promise<string> =>
  command('helm', ['--namespace', namespace, ...args], options)

/** Tries again each half second until it is true. Rejects after `timeoutMs`, saying what was waited for. */
export const until = async (what: string, isTrue: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> => {
  for (const end = performance.now() + timeoutMs; !(await isTrue()); ) {
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1_000} s`)
    await new Promise(resolve => setTimeout(resolve, 500))
  }
}

/** Milliseconds that something takes. */
export const timed = async (act: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await act()
  return performance.now() - start
}
