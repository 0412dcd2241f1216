import { describe, expect, test } from 'vitest'
import { typeProblems, validatorProblems } from '../api-types.js'
import { type CaseName, cases, secretsInValues } from '../cases.js'
import { matches, podsOf } from '../pods.js'
import { find, type KubernetesObject, ofKind, type Rendered } from '../rendered.js'

const names = Object.keys(cases) as readonly CaseName[]

/** `kind` of each name, such as `Deployment auth message`, without the name of the release. */
const inventory = (objects: readonly KubernetesObject[], fullname: string): Readonly<Record<string, string>> => {
  const found: Record<string, string[]> = {}
  for (const { kind, metadata } of objects) {
    found[kind] ??= []
    found[kind].push(metadata.name === fullname ? '(release)' : metadata.name.replace(`${fullname}-`, ''))
  }
  return Object.fromEntries(Object.entries(found).map(([kind, list]) => [kind, list.sort().join(' ')]))
}

const services = 'auth message quantum-crypto'
const ofEvery = {
  ConfigMap: services,
  Deployment: services,
  Service: services,
  ServiceAccount: services,
  Pod: 'test-talk',
}
const policies = `auth default-deny dns message migrate quantum-crypto test`

/** Every object of the chart as Kubernetes sees it: which there are, how they are named, and that the API knows them. */
export const objectsSuite = (rendered: Readonly<Record<CaseName, Rendered>>): void => {
  describe('the objects of a release', () => {
    test('are the services, a migration, an Ingress and a Secret, where little is set', () => {
      expect(inventory(rendered.minimal.objects, 'qsm')).toEqual({
        ...ofEvery,
        Secret: '(release)',
        Job: expect.stringMatching(/^migrate-1/),
        Ingress: '(release)',
        PodDisruptionBudget: services,
        NetworkPolicy: policies,
      })
    })

    test('are no Secret where all secrets exist, and what autoscaling and monitoring need', () => {
      const { ConfigMap, ...others } = inventory(rendered.ha.objects, 'qsm')
      expect(ConfigMap).toContain('auth')
      expect(others).toEqual({
        Deployment: services,
        Service: services,
        ServiceAccount: services,
        Pod: 'test-talk',
        Job: expect.stringMatching(/^migrate-1/),
        Ingress: '(release)',
        PodDisruptionBudget: services,
        HorizontalPodAutoscaler: services,
        NetworkPolicy: policies,
        ServiceMonitor: '(release)',
        PrometheusRule: '(release)',
      })
    })

    test('are an HTTPRoute instead of an Ingress behind a gateway', () => {
      const found = inventory(rendered['tls-gateway'].objects, 'qsm')
      expect([found.HTTPRoute, found.Ingress]).toEqual(['(release)', undefined])
    })

    test('are two small databases beside the services for trying out', () => {
      const found = inventory(rendered.dev.objects, 'qsm')
      expect(found.StatefulSet).toBe('dev-postgres dev-valkey')
      expect([found.Job, found.PodDisruptionBudget]).toEqual([undefined, undefined])
    })

    test('are neither policies nor budgets nor accounts nor an Ingress where those are turned off', () => {
      const found = inventory(rendered.single.objects, 'qsm')
      expect(Object.keys(found).sort()).toEqual(['ConfigMap', 'Deployment', 'Job', 'Pod', 'Secret', 'Service'])
    })

    test('are scaled by KEDA or by an autoscaler, never by both', () => {
      const found = inventory(rendered.full.objects, 'talk')
      expect([found.ScaledObject, found.HorizontalPodAutoscaler]).toEqual(['message', 'auth quantum-crypto'])
    })

    test.each(names)('%s: all say their namespace', name => {
      const { objects, namespace } = rendered[name]
      expect(
        objects.filter(({ metadata }) => metadata.namespace !== namespace).map(({ metadata }) => metadata.name),
      ).toEqual([])
    })

    test.each(names)('%s: all carry the labels that Kubernetes recommends', name => {
      const release = rendered[name]
      const expected = {
        'app.kubernetes.io/name': 'qsm',
        'app.kubernetes.io/instance': release.name,
        'app.kubernetes.io/version': expect.stringMatching(/./),
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/part-of': name === 'full' ? 'talk' : 'qsm',
        'helm.sh/chart': expect.stringMatching(/^qsm-\d/),
      }
      const ours = release.objects.filter(({ metadata }) => metadata.name !== 'more')
      for (const { metadata } of ours) expect(metadata.labels, metadata.name).toMatchObject(expected)
      for (const { owner, labels } of podsOf(release)) expect(labels, owner).toMatchObject(expected)
    })

    test('carry the labels and annotations of global, pods those of their own before them', () => {
      for (const { kind, metadata } of rendered.full.objects.filter(({ metadata }) => metadata.name !== 'more')) {
        expect(metadata, `${kind} ${metadata.name}`).toMatchObject({
          labels: { team: 'chat' },
          annotations: { owner: 'chat' },
        })
      }
      const [pod] = podsOf(rendered.full)
      expect(pod).toMatchObject({ labels: { team: 'other', tier: 'back' }, annotations: { owner: 'somebody' } })
    })

    test.each(names)('%s: no name comes twice within a kind, and none is longer than 63 characters', name => {
      const all = rendered[name].objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
      expect(all.filter((object, index) => all.indexOf(object) !== index)).toEqual([])
      expect(rendered[name].objects.filter(({ metadata }) => metadata.name.length > 63)).toEqual([])
    })

    test.each(names)('%s: each Service, budget and workload selects pods of its component and no others', name => {
      const release = rendered[name]
      const pods = podsOf(release)
      for (const { kind, metadata, spec } of release.objects) {
        if (!['Service', 'PodDisruptionBudget', 'Deployment', 'StatefulSet'].includes(kind)) continue
        const selector = spec.selector.matchLabels ?? spec.selector
        const found = pods
          .filter(({ labels }) => matches(selector, labels))
          .map(({ labels }) => labels['app.kubernetes.io/component'])
        expect(found, `${kind} ${metadata.name}`).toEqual([metadata.labels?.['app.kubernetes.io/component']])
      }
    })

    test.each(names)('%s: what a pod or a scaler refers to by name is there, or was named by the values', name => {
      const release = rendered[name]
      for (const { spec } of ofKind(release, 'HorizontalPodAutoscaler'))
        find(release, 'Deployment', spec.scaleTargetRef.name)
      for (const { spec } of ofKind(release, 'ScaledObject')) find(release, 'Deployment', spec.scaleTargetRef.name)
      for (const pod of podsOf(release)) {
        const account: string | undefined = pod.spec.serviceAccountName
        if (account !== undefined && account !== 'default') find(release, 'ServiceAccount', account)
      }
    })

    test.each(names)('%s: the validators of the Kubernetes API take them', async name => {
      expect(await validatorProblems(rendered[name].objects)).toEqual([])
    })

    test('have no field that the Kubernetes API does not know, and none of another type', () => {
      expect(typeProblems(Object.values(rendered).flatMap(({ objects }) => objects))).toEqual([])
    })

    test('would not pass with a misspelt field deep within', () => {
      const wrong = structuredClone(find(rendered.minimal, 'Deployment', 'qsm-auth'))
      wrong.spec.template.spec.containers[0].readinessProbe.periodSecond = 5
      expect(typeProblems([wrong])).toEqual([expect.stringContaining(`'"periodSecond"' does not exist in type`)])
    })
  })

  // That the chart keeps what it drew over an upgrade cannot be seen here: `lookup` finds nothing without a cluster.
  describe('the Secret', () => {
    test('is the only object that holds a secret of the values', () => {
      const { objects } = rendered.full
      const [secret] = ofKind(rendered.full, 'Secret')
      const held = Object.values(secret?.data ?? {}).map(value => Buffer.from(String(value), 'base64').toString())
      const others = JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'))
      for (const value of secretsInValues) {
        expect(held.some(text => text.includes(value))).toBe(true)
        expect(others).not.toContain(value)
      }
    })

    test.each(names)('%s: nothing that it holds stands anywhere else, plain or in base64', name => {
      const others = JSON.stringify(rendered[name].objects.filter(({ kind }) => kind !== 'Secret'))
      for (const { data } of ofKind(rendered[name], 'Secret')) {
        for (const [key, value] of Object.entries(data as Record<string, string>)) {
          expect(others.includes(value), key).toBe(false)
          const plain = Buffer.from(value, 'base64').toString()
          expect(others.includes(plain), key).toBe(false)
        }
      }
    })

    test('stays when the release is uninstalled', () => {
      expect(find(rendered.minimal, 'Secret', 'qsm').metadata.annotations).toMatchObject({
        'helm.sh/resource-policy': 'keep',
      })
    })
  })
}
