import { describe, expect, test } from 'vitest'
import { type CaseName, cases } from '../cases.js'
import { restrictedProblems } from '../pod-security.js'
import { containersOf, podsOf } from '../pods.js'
import { find, ofKind, type Rendered } from '../rendered.js'

const names = Object.keys(cases) as readonly CaseName[]
const components = ['auth', 'message', 'quantum-crypto']

/** Every pod that the chart starts, of Deployments, StatefulSets, Jobs and tests alike. */
export const podsSuite = (rendered: Readonly<Record<CaseName, Rendered>>): void => {
  describe('each pod of a release', () => {
    test.each(names)('%s: satisfies the Pod Security Standard "restricted"', name => {
      expect(podsOf(rendered[name]).length).toBeGreaterThan(3)
      expect(podsOf(rendered[name]).flatMap(restrictedProblems)).toEqual([])
    })

    test.each(names)('%s: asks for CPU and memory and has a limit of memory, in every container', name => {
      for (const pod of podsOf(rendered[name])) {
        for (const { name, resources } of containersOf(pod)) {
          const text = expect.stringMatching(/^\d/)
          expect(resources, `${pod.owner} ${name}`).toMatchObject({
            requests: { cpu: text, memory: text },
            limits: { memory: text },
          })
        }
      }
    })

    test.each(names)('%s: gets no token of a service account, nor the addresses of other services', name => {
      for (const { owner, spec } of podsOf(rendered[name])) {
        expect(spec, owner).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
      }
      for (const account of ofKind(rendered[name], 'ServiceAccount'))
        expect(account.automountServiceAccountToken).toBe(false)
    })

    test.each(names)('%s: writes only to volumes', name => {
      for (const pod of podsOf(rendered[name])) {
        for (const { securityContext } of containersOf(pod)) expect(securityContext.readOnlyRootFilesystem).toBe(true)
      }
    })

    test.each(names)('%s: names no variable twice, and mounts only volumes that it has', name => {
      for (const pod of podsOf(rendered[name])) {
        const volumes = [
          ...(pod.spec.volumes ?? []).map(({ name }: { name: string }) => name),
          ...claimsOf(rendered[name], pod.owner),
        ]
        expect(volumes.length, pod.owner).toBe(new Set(volumes).size)
        for (const { env = [], volumeMounts = [] } of containersOf(pod)) {
          const variables = env.map(({ name }) => name)
          expect(variables.length, pod.owner).toBe(new Set(variables).size)
          for (const { name } of volumeMounts) expect(volumes, pod.owner).toContain(name)
        }
      }
    })

    test('comes from the one registry that global.imageRegistry names, with the credentials for it', () => {
      for (const pod of podsOf(rendered.full)) {
        for (const { image } of containersOf(pod))
          expect(image).toMatch(/^mirror\.example\.org:5000\/pulled\/qsm\/qsm@sha256:0{64}$/)
        expect(pod.spec.imagePullSecrets).toEqual([{ name: 'mirror' }])
      }
    })

    test('comes from there too where it is a database for trying out', () => {
      const images = podsOf(rendered.dev)
        .flatMap(containersOf)
        .map(({ image }) => image.replace(/[:@][^:/]*$/, ''))
      expect([...new Set(images)].sort()).toEqual(
        ['library/postgres', 'qsm/qsm', 'valkey/valkey'].map(image => `localhost:5000/${image}`),
      )
    })

    test('takes what is set for all pods, the migration and the test too', () => {
      for (const { owner, spec } of podsOf(rendered.full)) {
        expect(spec, owner).toMatchObject({
          nodeSelector: { 'kubernetes.io/arch': 'amd64' },
          tolerations: [{ key: 'chat', operator: 'Exists' }],
          priorityClassName: 'high',
          runtimeClassName: 'gvisor',
          hostUsers: false,
        })
      }
    })
  })

  describe('each pod of a service', () => {
    test.each(names)(
      '%s: is asked for its health on the admin port, and never whether the database is there to stay alive',
      name => {
        for (const component of components) {
          const [container] = deploymentOf(rendered[name], component).spec.template.spec.containers
          expect(container.ports).toContainEqual({ name: 'admin', containerPort: 9464 })
          expect(container.startupProbe.httpGet).toEqual({ path: '/livez', port: 'admin' })
          expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'admin' })
          expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' })
        }
      },
    )

    test.each(names)('%s: has time to stop: the hook, the drain and ten seconds more', name => {
      for (const component of components) {
        const { spec } = deploymentOf(rendered[name], component).spec.template
        const sleep: number = spec.containers[0].lifecycle.preStop.sleep.seconds
        const drain = Number(find(rendered[name], 'ConfigMap', nameOf(rendered[name], component)).data.DRAIN_SECONDS)
        expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(sleep + drain + 10)
      }
    })

    test.each(names)('%s: is replaced by one that is ready before it goes', name => {
      for (const component of components) {
        const { strategy, minReadySeconds } = deploymentOf(rendered[name], component).spec
        expect(strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 })
        expect(minReadySeconds).toBeGreaterThan(0)
      }
    })

    test('starts anew when its variables change, and when the address of a database does', () => {
      const checksums = ({ spec }: ReturnType<typeof deploymentOf>) => spec.template.metadata.annotations
      const one = checksums(deploymentOf(rendered.minimal, 'auth'))
      const other = checksums(deploymentOf(rendered.full, 'auth'))
      expect(one['checksum/config']).toMatch(/^[0-9a-f]{64}$/)
      expect(one['checksum/config']).not.toBe(other['checksum/config'])
      expect(one['checksum/addresses']).not.toBe(other['checksum/addresses'])
    })
  })

  describe('the number of pods', () => {
    test('is left to the autoscaler where there is one', () => {
      for (const component of components) {
        expect(deploymentOf(rendered.ha, component).spec).not.toHaveProperty('replicas')
        expect(deploymentOf(rendered.full, component).spec).not.toHaveProperty('replicas')
        expect(deploymentOf(rendered.minimal, component).spec.replicas).toBe(2)
      }
    })

    test('of message follows its sockets, one pod away at a time', () => {
      const { spec } = find(rendered.ha, 'HorizontalPodAutoscaler', 'qsm-message')
      expect(spec).toMatchObject({ minReplicas: 3, maxReplicas: 30 })
      expect(spec.metrics[0].pods).toEqual({
        metric: { name: 'qsm_ws_connections' },
        target: { type: 'AverageValue', averageValue: '8000' },
      })
      expect(spec.behavior.scaleDown.policies).toEqual([{ type: 'Pods', value: 1, periodSeconds: 60 }])
    })

    test('is guarded by a budget only where there are several', () => {
      expect(ofKind(rendered.minimal, 'PodDisruptionBudget').length).toBe(3)
      expect(ofKind(rendered.single, 'PodDisruptionBudget')).toEqual([])
      // There autoscaling may go down to one pod of auth and quantum-crypto, but not of message.
      expect(ofKind(rendered.full, 'PodDisruptionBudget').map(({ metadata }) => metadata.name)).toEqual([
        'talk-message',
      ])
    })
  })

  describe('the pod of helm test', () => {
    test('sees the certificate of an authority and not the private key beside it in the Secret', () => {
      const { volumes } = find(rendered.full, 'Pod', 'talk-test-talk').spec
      expect(volumes.filter((volume: object) => 'secret' in volume)).toEqual([
        { name: 'ca', secret: { secretName: 'ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      ])
    })
  })

  describe('the migration', () => {
    test('is a Job with the address of the database and no other secret', () => {
      const [job] = ofKind(rendered.minimal, 'Job')
      const { volumes, containers } = job?.spec.template.spec ?? {}
      expect(volumes[0].projected.sources).toEqual([
        { secret: { name: 'qsm-database', items: [{ key: 'uri', path: 'DATABASE_URL' }] } },
      ])
      expect(containers[0].command).toEqual(['node', 'services/standalone/bin/qsm-server.js', 'migrate'])
    })

    test('runs in each pod before it starts, in the mode "init"', () => {
      expect(ofKind(rendered.full, 'Job')).toEqual([])
      for (const component of components) {
        const [container] = deploymentOf(rendered.full, component).spec.template.spec.initContainers
        expect(container.command.at(-1)).toBe('migrate')
      }
    })

    test('is not the pods’ own work in any mode', () => {
      for (const name of names) {
        for (const component of components) {
          expect(find(rendered[name], 'ConfigMap', nameOf(rendered[name], component)).data.MIGRATE_AT_START).toBe(
            'false',
          )
        }
      }
    })
  })
}

const nameOf = (release: Rendered, component: string): string =>
  `${release.name === 'full' ? 'talk' : 'qsm'}-${component}`
const deploymentOf = (release: Rendered, component: string) => find(release, 'Deployment', nameOf(release, component))

const claimsOf = (release: Rendered, owner: string): readonly string[] => {
  const [kind = '', name = ''] = owner.split('/')
  const claims = find(release, kind, name).spec.volumeClaimTemplates ?? []
  return claims.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
}
