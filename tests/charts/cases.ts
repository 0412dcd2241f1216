import { readFileSync } from 'node:fs'

const example = (name: string): string => readFileSync(`charts/qsm/examples/${name}/values.yaml`, 'utf8')

/** What only the Secret may hold, in the values of the case `full`. */
export const secretsInValues = ['pass-of-the-database', 'pass-of-the-redis']

/** The least that renders, for tests that change one thing. */
export const base = {
  publicUrl: 'https://chat.example.org',
  database: { existingSecret: { name: 'qsm-database' } },
  redis: { url: 'redis://valkey:6379' },
  ingress: { tls: { clusterIssuer: 'letsencrypt' } },
}

const dev = {
  publicUrl: 'http://chat.localhost:8080',
  environment: 'development',
  global: { imageRegistry: 'localhost:5000/' },
  dev: { enabled: true, storageClassName: 'local' },
  migrations: { mode: 'none' },
  defaults: { replicas: 1 },
}

const hidden = { ...base, components: { quantumCrypto: { expose: false } } }

const single = {
  ...base,
  ingress: { enabled: false },
  defaults: { replicas: 1, serviceAccount: { create: false } },
  networkPolicy: { enabled: false },
}

const guarded = {
  ...base,
  database: { existingSecret: { name: 'qsm-pooler' }, migrationSecret: { name: 'qsm-db-app' } },
  config: { DATABASE_POOLER: 'transaction' },
  redis: {
    url: 'redis://default@valkey:6379',
    sentinels: ['valkey-sentinel:26379'],
    sentinelUsername: 'sentinel',
    existingSecret: { name: 'valkey-users', passwordKey: 'default', sentinelPasswordKey: 'sentinel' },
  },
}

/** Nearly every value set to something else than its default. */
const full = {
  publicUrl: 'https://chat.example.org',
  fullnameOverride: 'talk',
  global: {
    imageRegistry: 'mirror.example.org:5000/pulled',
    imagePullSecrets: ['mirror'],
    labels: { team: 'chat', 'app.kubernetes.io/part-of': 'talk' },
    annotations: { owner: 'chat' },
  },
  image: { digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
  database: { url: `postgresql://qsm:${secretsInValues[0]}@db:5432/qsm` },
  redis: { url: `rediss://qsm:${secretsInValues[1]}@redis:6379`, cluster: true },
  secrets: { jwtSecretPreviousKey: 'jwt-secret-previous' },
  config: { LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
  defaults: {
    config: { DATABASE_POOL_MAX: 20 },
    autoscaling: { enabled: true, minReplicas: 1 },
    podLabels: { team: 'other', tier: 'back' },
    podAnnotations: { 'example.org/scan': 'true', owner: 'somebody' },
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    tolerations: [{ key: 'chat', operator: 'Exists' }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    priorityClassName: 'high',
    runtimeClassName: 'gvisor',
    hostUsers: false,
    extraEnv: {
      NODE_OPTIONS: '--max-old-space-size=600',
      TZ_OFFSET: 0,
      SPOT: { valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    },
    extraEnvFrom: [{ configMapRef: { name: 'more' } }],
    extraVolumes: [{ name: 'more', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
    service: { annotations: { 'example.org/note': 'x' } },
    serviceAccount: { annotations: { 'example.org/role': 'y' } },
  },
  components: {
    message: {
      config: { MAX_SOCKETS: 1_000_000, LOG_LEVEL: 'warn' },
      drainSeconds: 120,
      autoscaling: { minReplicas: 2, metric: 'connections', keda: { enabled: true } },
      topologySpreadConstraints: [
        { topologyKey: 'kubernetes.io/hostname', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
      ],
    },
    quantumCrypto: {
      config: { QSM_KEK_VAULT_URL: 'https://vault:8200', QSM_KEK_VAULT_KEY: 'qsm' },
      extraEnv: { QSM_KEK_VAULT_TOKEN: { valueFrom: { secretKeyRef: { name: 'vault', key: 'token' } } } },
      serviceAccount: { name: 'signer' },
    },
  },
  ingress: { className: 'haproxy', annotations: { 'example.org/a': 'b' }, tls: { existingSecret: 'wildcard' } },
  migrations: { mode: 'init', annotations: { 'example.org/m': 'n' } },
  networkPolicy: {
    ingressNamespaces: ['edge'],
    prometheusNamespaces: ['watch'],
    database: { port: 6432, to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
    redis: { ports: [6380], to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
    otlp: { to: [{ namespaceSelector: {} }] },
    extraEgress: [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'vault' } } }] }],
  },
  metrics: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboards: { enabled: true } },
  tests: { caSecret: 'ca' },
  extraManifests: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'more', namespace: '{{ .Release.Namespace }}' },
      data: { A: 'b' },
    },
  ],
}

/** Values by name. The examples are cases as well; every case is rendered once. */
export const cases = {
  minimal: example('minimal'),
  ha: example('ha'),
  'tls-gateway': example('tls-gateway'),
  dev: JSON.stringify(dev),
  hidden: JSON.stringify(hidden),
  single: JSON.stringify(single),
  guarded: JSON.stringify(guarded),
  full: JSON.stringify(full),
} as const

export type CaseName = keyof typeof cases
