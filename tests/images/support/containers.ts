import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

export interface ContainerOptions {
  /** Instead of the program that the image names. */
  readonly entrypoint?: readonly string[]
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** A folder that is there as /data. */
  readonly dataFolder?: string
}

export interface Container {
  /** Standard output and standard error so far. */
  output(): string
  readonly ended: Promise<number | null>
  /** Sends SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
}

interface ImageConfig {
  readonly User: string
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly Env: readonly string[]
  readonly WorkingDir: string
}

interface Command {
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  cleanUp(): void
}

const say = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' }).trim()

const engineCommand = (image: string, options: ContainerOptions): Command => {
  const { entrypoint, args = [], environment = {}, dataFolder } = options
  const [program, ...first] = entrypoint ?? []
  return {
    args: [
      ...['run', '--rm', '--read-only', '--tmpfs', '/tmp', '--network', 'host', '--cap-drop', 'ALL'],
      ...['--security-opt', 'no-new-privileges'],
      ...Object.keys(environment).flatMap(name => ['--env', name]),
      ...(dataFolder ? ['--volume', `${dataFolder}:/data`] : []),
      ...(program ? ['--entrypoint', program] : []),
      ...[image, ...first, ...args],
    ],
    environment,
    cleanUp() {},
  }
}

const mount = (destination: string, type: string, options: readonly string[], source = type) => ({
  ...{ destination, type, source, options },
})

/** Where there is buildah and no engine, runc runs what buildah has mounted, under the same restrictions. */
const runcCommand = (buildah: string, image: string, options: ContainerOptions): Command => {
  const container = say(buildah, 'from', '--pull-never', image)
  const root = say(buildah, 'mount', container)
  const config = (JSON.parse(say(buildah, 'inspect', '--type', 'image', image)) as { OCIv1: { config: ImageConfig } })
    .OCIv1.config
  const [uid, gid] = config.User.split(':').map(Number)
  const { entrypoint = config.Entrypoint, args = config.Cmd, environment = {}, dataFolder } = options
  const spec = {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: [...entrypoint, ...args],
      env: [...config.Env, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir,
      noNewPrivileges: true,
    },
    root: { path: root, readonly: true },
    mounts: [
      mount('/proc', 'proc', []),
      mount('/dev', 'tmpfs', ['nosuid', 'mode=755']),
      mount('/dev/shm', 'tmpfs', ['nosuid', 'nodev', 'mode=1777']),
      mount('/tmp', 'tmpfs', ['nosuid', 'nodev', 'mode=1777']),
      ...(dataFolder ? [mount('/data', 'bind', ['rbind', 'rw'], dataFolder)] : []),
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map(type => ({ type })) },
  }
  const bundle = mkdtempSync(join(tmpdir(), 'qsm-bundle-'))
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 })
  return {
    args: ['run', '--bundle', bundle, basename(bundle)],
    environment: {},
    cleanUp() {
      rmSync(bundle, { recursive: true })
      say(buildah, 'rm', container)
    },
  }
}

/**
 * Runs an image on the network of this machine, without capabilities, on a read-only root with an empty /tmp. `builder`
 * is the program that has built it.
 */
export const startContainer = (builder: string, image: string, options: ContainerOptions = {}): Container => {
  const isEngine = ['docker', 'podman'].includes(basename(builder))
  const command = isEngine ? engineCommand(image, options) : runcCommand(builder, image, options)
  const child = spawn(isEngine ? builder : 'runc', command.args, {
    env: { ...process.env, ...command.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', data => {
      output += String(data)
    })
  }
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      command.cleanUp()
      resolve(code)
    })
  })
  return {
    output: () => output,
    ended,
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}
