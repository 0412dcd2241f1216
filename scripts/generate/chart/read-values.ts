import { isMap, isNode, isScalar, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml'

/** What a comment behind a key says of its value: `# @enum a b` is `{ name: 'enum', words: ['a', 'b'] }`. */
export interface Directive {
  readonly name: 'enum' | 'map' | 'items' | 'type' | 'config' | 'component' | 'resources'
  readonly words: readonly string[]
}

/** A key of values.yaml, with what its comments say. */
export interface ValueKey {
  readonly name: string
  /** Such as `ingress.tls.issuer`. */
  readonly path: string
  readonly doc: string
  readonly directive: Directive | null
  readonly default: unknown
  readonly keys: readonly ValueKey[]
}

const directiveNames: readonly string[] = ['enum', 'map', 'items', 'type', 'config', 'component', 'resources']

/** How many words belong behind a directive. */
const wordCounts: Readonly<Record<string, readonly [least: number, most: number]>> = {
  enum: [2, 9],
  map: [1, 1],
  items: [1, 1],
  type: [2, 9],
  config: [1, 1],
  component: [1, 1],
  resources: [0, 0],
}

const directiveOf = (line: string, path: string): Directive | null => {
  const [name, ...words] = (/ # @(.*)$/.exec(line)?.[1] ?? '').split(' ').filter(word => word !== '')
  if (name === undefined) return null
  const [least, most] = wordCounts[name] ?? [1, 0]
  if (!directiveNames.includes(name) || words.length < least || words.length > most) {
    throw new Error(`values.yaml: ${path} has "# @${[name, ...words].join(' ')}", which is none of the directives`)
  }
  return { name: name as Directive['name'], words }
}

/** The comment directly above a line, from "# --" on. */
const docAbove = (lines: readonly string[], index: number): string => {
  const found: string[] = []
  for (let at = index - 1; at >= 0; at -= 1) {
    const comment = /^\s*# ?(.*)$/.exec(lines[at] ?? '')?.[1]
    if (comment === undefined) return ''
    found.unshift(comment.replace(/^-- /, ''))
    if (comment.startsWith('-- ')) return found.join(' ')
  }
  return ''
}

/**
 * The keys of a values.yaml. Throws where one has no "# --" comment. A map of described keys needs none, below a directive
 * such as `@map` nothing is described, and what a component overrides is described where its default is.
 */
export const readValues = (text: string): readonly ValueKey[] => {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter })
  for (const problem of [...document.errors, ...document.warnings]) throw new Error(`values.yaml: ${problem.message}`)
  const lines = text.split('\n')

  const known = new Map<string, ValueKey>()
  const readKey = ({ key, value }: Pair, parent: string): ValueKey => {
    if (!isScalar(key) || !key.range) throw new Error(`values.yaml: a key below "${parent}" is no text`)
    const name = String(key.value)
    const path = parent === '' ? name : `${parent}.${name}`
    const index = counter.linePos(key.range[0]).line - 1
    const ofDefaults = known.get(path.replace(/^components\.[^.]+\./, 'defaults.'))
    const directive = directiveOf(lines[index] ?? '', path) ?? ofDefaults?.directive ?? null
    const doc = docAbove(lines, index) || (ofDefaults?.doc ?? '')
    const isWhole = directive !== null && directive.name !== 'component'
    const keys = isMap(value) && value.items.length > 0 && !isWhole ? readMap(value, path) : []
    if (doc === '' && (keys.length === 0 || directive)) {
      throw new Error(`values.yaml: ${path} has no comment: put "# -- what it means" above line ${index + 1}`)
    }
    const plain = isNode(value) ? (value.toJS(document) as unknown) : value
    const read = { name, path, doc, directive, default: plain, keys }
    known.set(path, read)
    return read
  }
  const readMap = (map: YAMLMap, parent: string): readonly ValueKey[] => map.items.map(item => readKey(item, parent))

  if (!isMap(document.contents)) throw new Error('values.yaml: it is no map')
  return readMap(document.contents, '')
}
