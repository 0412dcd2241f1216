import { parseAllDocuments } from 'yaml'
import { type HelmResult, type Release, templateChart } from '../../scripts/tools/helm-template.js'

/** Fields of an object of which a check knows the few that it looks at; api-types.ts checks objects as a whole. */
// biome-ignore lint/suspicious/noExplicitAny: the types of the Kubernetes API leave every field optional, at every depth.
export type Fields = Readonly<Record<string, any>>

/** An object of Kubernetes as it stands in YAML. */
export type KubernetesObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
} & Fields

export interface Rendered extends Release {
  readonly text: string
  readonly objects: readonly KubernetesObject[]
}

/** Objects of a stream of YAML. Throws where a key stands twice, as the API server would. */
const parseObjects = (text: string): readonly KubernetesObject[] => {
  const documents = parseAllDocuments(text)
  if (!Array.isArray(documents)) return []
  return documents.flatMap(document => {
    for (const problem of [...document.errors, ...document.warnings]) throw problem
    const object = document.toJS() as KubernetesObject | null
    return object ? [object] : []
  })
}

/** A release as `helm template` renders it. Throws with helm's message where it does not. */
export const render = async (helm: string, release: Release): Promise<Rendered> => {
  const { code, output, errors }: HelmResult = await templateChart(helm, release)
  if (code !== 0) throw new Error(errors)
  return { ...release, text: output, objects: parseObjects(output) }
}

export const ofKind = ({ objects }: Rendered, kind: string): readonly KubernetesObject[] =>
  objects.filter(object => object.kind === kind)

/** The one object of this kind and name. Throws where there is none. */
export const find = (rendered: Rendered, kind: string, name: string): KubernetesObject => {
  const found = ofKind(rendered, kind).find(({ metadata }) => metadata.name === name)
  if (!found) throw new Error(`no ${kind} ${name} among ${ofKind(rendered, kind).map(({ metadata }) => metadata.name)}`)
  return found
}
