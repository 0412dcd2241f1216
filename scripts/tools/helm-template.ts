import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const chart = fileURLToPath(new URL('../../charts/qsm', import.meta.url))

/** A release to render: its values as YAML (or JSON, which is YAML). */
export interface Release {
  readonly name: string
  readonly namespace: string
  readonly values: string
}

export interface HelmResult {
  readonly code: number
  readonly output: string
  readonly errors: string
}

const run = async (helm: string, args: readonly string[], input: string): Promise<HelmResult> => {
  const child = spawn(helm, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const text = { output: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    text.output += data
  })
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    text.errors += data
  })
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? -1, ...text }
}

/** What `helm template` makes of the chart, without a cluster; its exit code and message where it refuses. */
export const templateChart = (helm: string, { name, namespace, values }: Release): Promise<HelmResult> =>
  run(helm, ['template', name, chart, '--namespace', namespace, '--values', '-'], values)

/** What `helm lint --strict` says of the chart. */
export const lintChart = (helm: string, values: string): Promise<HelmResult> =>
  run(helm, ['lint', '--strict', chart, '--values', '-'], values)
