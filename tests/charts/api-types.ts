import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { KubernetesObject } from './rendered.js'

/** Where the type and the validator of a kind come from, by `apiVersion`. */
const moduleOf = ({ apiVersion }: KubernetesObject): string => {
  if (apiVersion.startsWith('gateway.networking.k8s.io/')) return `@kubernetes-models/gateway-api/${apiVersion}`
  if (apiVersion.startsWith('keda.sh/')) return `@kubernetes-models/keda/${apiVersion}`
  if (apiVersion.startsWith('monitoring.coreos.com/')) return `@kubernetes-models/prometheus-operator/${apiVersion}`
  return `kubernetes-models/${apiVersion}`
}

interface Validated {
  validate(): void
}
type Model = new (data: KubernetesObject) => Validated

const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.name}`

/** What the validators of the kinds refuse: wrong types, missing fields, patterns and formats. */
export const validatorProblems = async (objects: readonly KubernetesObject[]): Promise<readonly string[]> => {
  const problems: string[] = []
  for (const object of objects) {
    const models = (await import(moduleOf(object))) as Readonly<Record<string, Model | undefined>>
    const Model = models[object.kind]
    try {
      if (!Model) throw new Error('there is no such kind')
      new Model(object).validate()
    } catch (error) {
      problems.push(`${nameOf(object)}: ${(error as Error).message}`)
    }
  }
  return problems
}

const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

/**
 * What the types of the kinds refuse. Validators let unknown fields pass, as a misspelt one would be; the compiler refuses
 * them in a literal, at every depth. The objects become one program, which is compiled below `node_modules` and removed.
 */
export const typeProblems = (objects: readonly KubernetesObject[]): readonly string[] => {
  const cache = 'node_modules/.cache'
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'qsm-api-types-'))
  const lines = objects.map((object, index) => {
    const type = `import('${moduleOf(object)}').I${object.kind}`
    return `export const object${index}: ${type} = ${JSON.stringify(object)} // ${nameOf(object)}`
  })
  try {
    const file = join(folder, 'objects.ts')
    writeFileSync(file, `${lines.join('\n')}\n`)
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      '',
    ]
    const { status, stdout } = spawnSync(process.execPath, [tsc, '--ignoreConfig', ...flags, file], {
      encoding: 'utf8',
    })
    const problems = stdout.split('\n').flatMap(line => {
      const [, at, message] = /objects\.ts\((\d+),\d+\): error (.*)$/.exec(line) ?? []
      return at ? [`${nameOf(objects[Number(at) - 1] as KubernetesObject)}: ${message}`] : []
    })
    if (status !== 0 && problems.length === 0) throw new Error(`the types could not be checked: ${stdout}`)
    return problems
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
