import type { ValueKey } from './read-values.js'

interface ChartFacts {
  readonly description: string
  readonly version: string
  readonly kubeVersion: string
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

const shown = (value: unknown): string => (value === '' ? '' : `\`${JSON.stringify(value)}\``)

const leavesOf = (key: ValueKey): readonly ValueKey[] =>
  key.keys.length > 0 ? [...(key.directive ? [key] : []), ...key.keys.flatMap(leavesOf)] : [key]

const rowOf = ({ path, doc, directive, default: value, keys }: ValueKey): string => {
  const choice = directive?.name === 'enum' ? ` One of ${directive.words.map(word => `\`${word}\``).join(', ')}.` : ''
  return `| \`${path}\` | ${keys.length > 0 ? '' : cell(shown(value))} | ${cell(doc)}${choice} |`
}

const table = (rows: readonly ValueKey[]): string =>
  ['| Key | Default | What it does |', '|---|---|---|', ...rows.map(rowOf)].join('\n')

const sections = (keys: readonly ValueKey[]): readonly string[] => {
  const isSection = (key: ValueKey) => key.keys.length > 0
  const single = keys.filter(key => !isSection(key))
  return [table(single), ...keys.filter(isSection).map(key => `### ${key.name}\n\n${table(leavesOf(key))}`)]
}

/** README.md of the chart: what it is, how it is installed, and every value. */
export const chartReadme = ({ description, version, kubeVersion }: ChartFacts, keys: readonly ValueKey[]): string =>
  `${[
    '# The Helm chart of QSM',
    `${description} Version ${version}, for Kubernetes ${kubeVersion.replace(/-0$/, '')} (tested with Helm 4.1.4).`,
    'It installs three services (auth, message, quantum-crypto) behind an Ingress or an HTTPRoute. PostgreSQL 15 or newer and Redis 7 or Valkey are yours to bring.',
    '## The image',
    'No image has been published yet. Build it and push it to a registry of yours, as [docs/kubernetes.md](../../docs/kubernetes.md#the-image) tells, and name it by `image.registry` and `image.repository`.',
    '## Try it',
    'A small PostgreSQL and a Valkey come along here, and nothing is kept safe:',
    '```sh\nhelm install qsm charts/qsm --namespace qsm --create-namespace \\\n  --set publicUrl=http://qsm.example.test --set environment=development --set dev.enabled=true \\\n  --set image.registry=registry.example.org --set image.repository=qsm\n```',
    '## Install it',
    'Write what is yours into a file, beginning from one of the [examples](examples) ([minimal](examples/minimal/values.yaml), [ha](examples/ha/values.yaml), [tls-gateway](examples/tls-gateway/values.yaml)), and then:',
    '```sh\nhelm install qsm charts/qsm --namespace qsm --create-namespace --values my-values.yaml --wait --timeout 10m\nhelm test qsm --namespace qsm --logs\n```',
    '`helm test` plays two people who send each other a message over the public address. A value that does not exist is refused, and what does not fit together is told with what to set instead.',
    '## Secrets',
    'With `secrets.existingSecret`, `database.existingSecret` and `redis.existingSecret` nothing secret stands in the values. Left out, the chart draws its own secrets at the first installation and keeps them over upgrades. Tools that render without a cluster (`helm template`, Argo CD) would draw new ones each time: give them an existing Secret.',
    '## Take it away',
    '`helm uninstall` leaves the Secret that the chart has drawn, and with `dev.enabled` the volume of PostgreSQL: a new installation of the same name goes on with them. [docs/kubernetes.md](../../docs/kubernetes.md#8-away-with-it) tells the rest, and [what to look at](../../docs/kubernetes.md#when-it-does-not-come-up) when pods do not come up.',
    '## Values',
    'This table is made from `values.yaml`. What the variables in `config` do is told in [docs/reference/config.md](../../docs/reference/config.md).',
    ...sections(keys),
  ].join('\n\n')}\n`
