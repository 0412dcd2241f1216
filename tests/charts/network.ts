import { type Pod, podsOf } from './pods.js'
import { ofKind, type Rendered } from './rendered.js'

/** One end of a connection: a pod of the release, or one elsewhere. */
export interface End {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

interface Expression {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly Expression[]
}
interface Peer {
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
}
interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly port: number | string; readonly protocol?: string }[]
}

const fits = (
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
  matchExpressions.every(({ key, operator, values = [] }) => {
    if (operator !== 'In') throw new Error(`the check knows no operator ${operator}`)
    return values.includes(labels[key] ?? '')
  })

const isPeer = (peer: Peer, end: End, namespace: string): boolean => {
  const inNamespace = peer.namespaceSelector
    ? fits(peer.namespaceSelector, { 'kubernetes.io/metadata.name': end.namespace })
    : end.namespace === namespace
  return inNamespace && (!peer.podSelector || fits(peer.podSelector, end.labels))
}

/** The number behind the name of a port, as the pod that is reached has it. */
const numberOf = (port: number | string, pod: Pod | undefined): number | undefined =>
  typeof port === 'number'
    ? port
    : pod?.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }: { name: string }) => name === port)
        ?.containerPort

const passes = (rendered: Rendered, direction: 'Ingress' | 'Egress', from: End, to: End, port: number): boolean => {
  const [own, other] = direction === 'Ingress' ? [to, from] : [from, to]
  const policies = ofKind(rendered, 'NetworkPolicy').filter(
    ({ metadata, spec }) =>
      metadata.namespace === own.namespace &&
      spec.policyTypes.includes(direction) &&
      fits(spec.podSelector, own.labels),
  )
  if (policies.length === 0) return true
  const reached = podsOf(rendered).find(({ labels }) => labels === to.labels)
  return policies.some(({ metadata, spec }) => {
    const rules: readonly Rule[] = spec[direction.toLowerCase()] ?? []
    return rules.some(({ ports, ...rule }) => {
      const peers = direction === 'Ingress' ? rule.from : rule.to
      const isPort =
        !ports || ports.some(entry => (entry.protocol ?? 'TCP') === 'TCP' && numberOf(entry.port, reached) === port)
      return isPort && (!peers || peers.some(peer => isPeer(peer, other, metadata.namespace ?? '')))
    })
  })
}

/** Whether the NetworkPolicies of a release let a TCP connection through, as networking.k8s.io/v1 defines it. */
export const mayConnect = (rendered: Rendered, from: End, to: End, port: number): boolean =>
  passes(rendered, 'Egress', from, to, port) && passes(rendered, 'Ingress', from, to, port)
