import { chart, command, release, until } from './proof.js'
import { imageValues } from './release.js'
import { NotRun } from './report.js'

const namespace = 'qsm-gateway'

/** A Gateway with one listener for http, of the class that this cluster has. */
const gatewayOf = (className: string): string =>
  JSON.stringify({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'public' },
    spec: { gatewayClassName: className, listeners: [{ name: 'web', protocol: 'HTTP', port: 80 }] },
  })

const inNamespace = (...args: readonly string[]) => command('kubectl', ['--namespace', namespace, ...args])

/**
 * The chart once more, for trying out, with its own small database and Valkey, behind an HTTPRoute; two people talk through
 * the gateway by `helm test`. Resolves with the last line of that. Rejects with `NotRun` where there is no class of gateways.
 */
export const throughGateway = async ({
  image,
  host,
}: {
  readonly image: string
  readonly host: string
}): Promise<string> => {
  const [className] = (
    await command('kubectl', ['get', 'gatewayclasses', '--output', 'jsonpath={.items[*].metadata.name}'], {
      mayFail: true,
    })
  ).split(' ')
  if (!className) throw new NotRun('the cluster has no GatewayClass')
  const remove = () => command('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s'])
  await remove()
  try {
    await command('kubectl', ['create', 'namespace', namespace])
    await inNamespace('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
    await command('kubectl', ['--namespace', namespace, 'apply', '--filename', '-'], { input: gatewayOf(className) })
    await command(
      'helm',
      [
        ...['install', release, chart, '--namespace', namespace, '--wait', '--wait-for-jobs', '--timeout', '300s'],
        ...['--set', `publicUrl=http://gateway.${host},environment=development,dev.enabled=true`],
        ...['--set', 'dev.postgresImage=localhost/postgres:15-debian,dev.valkeyImage=localhost/redis:7-debian'],
        ...['--set', 'dev.valkeyCommand=redis-server,defaults.replicas=1,defaults.minReadySeconds=2'],
        ...['--set', 'ingress.enabled=false,httpRoute.enabled=true,httpRoute.parentRefs[0].name=public'],
        ...['--set', imageValues(image)],
      ],
      { timeoutMs: 330_000 },
    )
    await until('the gateway routes', async () => {
      const answer = await fetch(`http://gateway.${host}/api/health`).catch(() => null)
      return answer?.ok === true
    })
    await command('helm', ['test', release, '--namespace', namespace, '--timeout', '180s'])
    return (await inNamespace('logs', `${release}-test-talk`)).trim().split('\n').at(-1) ?? ''
  } finally {
    await command('helm', ['uninstall', release, '--namespace', namespace, '--ignore-not-found'], { mayFail: true })
    await remove()
  }
}
