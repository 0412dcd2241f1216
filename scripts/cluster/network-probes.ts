import { apply, command, kubectl, namespace, type Proof, release } from './proof.js'
import { podsOf } from './release.js'

/** A pod of our image that only waits, with these labels. */
const idlePod = (name: string, image: string, labels: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'idle',
          image,
          command: ['node', '-e', 'setInterval(() => {}, 1e6)'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  })

const connects = async (pod: string, host: string, port: number): Promise<boolean> => {
  const program = `const s = require('node:net').connect({ host: '${host}', port: ${port}, timeout: 2000 }, () => { console.log('open'); process.exit(0) });
    s.on('timeout', () => process.exit(0)).on('error', () => process.exit(0))`
  return (await kubectl('exec', pod, '--', 'node', '-e', program)).trim() === 'open'
}

export interface ProbeResult {
  readonly name: string
  readonly ok: boolean
}

const service = (component: string) => `${release}-${component}.${namespace}.svc`

/** Who reaches whom, tried from the pods themselves. Where the cluster enforces no policies, those that forbid are not ok. */
export const probeNetwork = async ({ image }: Proof): Promise<readonly ProbeResult[]> => {
  await apply(idlePod('outsider', image, { app: 'outsider' }))
  try {
    await kubectl('wait', '--for=condition=Ready', 'pod/outsider', '--timeout=60s')
    const [message, auth, quantum] = await Promise.all(
      ['message', 'auth', 'quantum-crypto'].map(async component => (await podsOf(component))[0] as string),
    )
    const probes: readonly (readonly [string, string, string, number, boolean])[] = [
      ['an outsider does not reach quantum-crypto', 'outsider', service('quantum-crypto'), 8001, false],
      ['an outsider does not reach auth', 'outsider', service('auth'), 8000, false],
      ['an outsider does not reach the admin port', 'outsider', service('message'), 9464, false],
      ['message reaches quantum-crypto', message as string, service('quantum-crypto'), 8001, true],
      ['message reaches auth', message as string, service('auth'), 8000, true],
      ['auth does not reach message', auth as string, service('message'), 8000, false],
      ['quantum-crypto does not reach message', quantum as string, service('message'), 8000, false],
      ['message reaches PostgreSQL', message as string, `postgres.${namespace}.svc`, 5432, true],
      ['message reaches Redis', message as string, `redis.${namespace}.svc`, 6379, true],
      ['message does not reach the API server', message as string, 'kubernetes.default.svc', 443, false],
    ]
    const results: ProbeResult[] = []
    for (const [name, pod, host, port, wanted] of probes) {
      results.push({ name, ok: (await connects(pod.replace('pod/', ''), host, port)) === wanted })
    }
    return results
  } finally {
    await kubectl('delete', 'pod', 'outsider', '--ignore-not-found')
  }
}

/** TLS through the ingress that knows no group but X25519MLKEM768. Resolves with what was agreed on. */
export const postQuantumOnly = async ({ host, image }: Proof): Promise<string> => {
  const labels = {
    'app.kubernetes.io/name': 'qsm',
    'app.kubernetes.io/instance': release,
    'app.kubernetes.io/component': 'test',
  }
  await apply(idlePod('tls-probe', image, labels))
  try {
    await kubectl('wait', '--for=condition=Ready', 'pod/tls-probe', '--timeout=60s')
    const program = `const s = require('node:tls').connect({ host: '${host}', servername: '${host}', port: 443, minVersion: 'TLSv1.3',
      ecdhCurve: 'X25519MLKEM768', rejectUnauthorized: false }, () => { console.log(s.getProtocol(), s.getEphemeralKeyInfo().name ?? 'a group that Node does not name, of the one offered'); process.exit(0) })
      s.on('error', error => { console.log(error.message); process.exit(1) })`
    return (await kubectl('exec', 'tls-probe', '--', 'node', '-e', program)).trim()
  } finally {
    await command('kubectl', ['--namespace', namespace, 'delete', 'pod', 'tls-probe', '--ignore-not-found'])
  }
}
