import { type Container, containersOf, type Pod } from './pods.js'
import type { Fields } from './rendered.js'

// The Pod Security Standards of Kubernetes, level "restricted" (concepts/security/pod-security-standards), field by field.

const volumeTypes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]
const safeSysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const seLinuxTypes = [undefined, '', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']
const appArmorTypes = [undefined, 'RuntimeDefault', 'Localhost']
const seccompTypes = ['RuntimeDefault', 'Localhost']
const probes = ['livenessProbe', 'readinessProbe', 'startupProbe']

/** What holds for the security context of a pod and of a container alike. */
const contextProblems = (context: Fields): readonly string[] => [
  ...(context.windowsOptions?.hostProcess ? ['windowsOptions.hostProcess'] : []),
  ...(seLinuxTypes.includes(context.seLinuxOptions?.type) ? [] : ['seLinuxOptions.type']),
  ...(context.seLinuxOptions?.user || context.seLinuxOptions?.role ? ['seLinuxOptions.user and .role'] : []),
  ...(appArmorTypes.includes(context.appArmorProfile?.type) ? [] : ['appArmorProfile.type']),
  ...(context.runAsUser === 0 ? ['runAsUser must not be 0'] : []),
  ...(context.runAsNonRoot === false ? ['runAsNonRoot'] : []),
]

const hostOfHandler = (handler: Fields | undefined): unknown => handler?.httpGet?.host ?? handler?.tcpSocket?.host

const containerProblems = (container: Container, ofPod: Fields): readonly string[] => {
  const context: Fields = container.securityContext ?? {}
  const handlers = [
    ...probes.map(probe => container[probe]),
    container.lifecycle?.preStop,
    container.lifecycle?.postStart,
  ]
  return [
    ...contextProblems(context),
    ...(context.privileged ? ['privileged'] : []),
    ...(context.allowPrivilegeEscalation === false ? [] : ['allowPrivilegeEscalation must be false']),
    ...((context.runAsNonRoot ?? ofPod.runAsNonRoot) === true ? [] : ['runAsNonRoot must be true']),
    ...(seccompTypes.includes((context.seccompProfile ?? ofPod.seccompProfile)?.type) ? [] : ['seccompProfile.type']),
    ...(context.capabilities?.drop?.includes('ALL') ? [] : ['capabilities.drop must hold ALL']),
    ...((context.capabilities?.add ?? []).every((name: string) => name === 'NET_BIND_SERVICE')
      ? []
      : ['capabilities.add']),
    ...([undefined, 'Default'].includes(context.procMount) ? [] : ['procMount']),
    ...((container.ports ?? []).some(({ hostPort }) => hostPort) ? ['ports.hostPort'] : []),
    ...(handlers.some(handler => hostOfHandler(handler)) ? ['host of a probe or hook'] : []),
  ].map(problem => `container ${container.name}: ${problem}`)
}

/** Why the admission of Kubernetes would refuse a pod in a namespace with `enforce: restricted`; empty where it would not. */
export const restrictedProblems = (pod: Pod): readonly string[] => {
  const { spec } = pod
  const context: Fields = spec.securityContext ?? {}
  const volumes: readonly Fields[] = spec.volumes ?? []
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter(field => spec[field]),
    ...contextProblems(context),
    ...(context.sysctls ?? []).flatMap(({ name }: { name: string }) =>
      safeSysctls.includes(name) ? [] : [`sysctl ${name}`],
    ),
    ...volumes
      .filter(volume => !volumeTypes.some(type => volume[type] !== undefined))
      .map(volume => `volume ${volume.name} is none of ${volumeTypes.join(', ')}`),
    ...containersOf(pod).flatMap(container => containerProblems(container, context)),
  ].map(problem => `${pod.owner}: ${problem}`)
}
