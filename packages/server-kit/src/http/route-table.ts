import type { BoundRoute, RouteGroup } from './route.js'

export interface FoundRoute {
  readonly bound: BoundRoute
  /** The group that judges its tokens. */
  readonly group: RouteGroup
  /** The values of `{name}` in the path, decoded. */
  readonly params: Readonly<Record<string, string>>
}

interface TableEntry extends FoundRoute {
  /** Where in the path its values stand, and their names. */
  readonly values: readonly (readonly [index: number, name: string])[]
}

type ByMethod = Map<string, TableEntry>

interface Shape {
  /** Lower case; null where any value stands. */
  readonly segments: readonly (string | null)[]
  readonly byMethod: ByMethod
}

const noParams = Object.freeze({})
const isValue = (segment: string): boolean => segment.startsWith('{')

/** Letters of a path count in any case, and one slash at its end does not count. */
const normalForm = (path: string): string => {
  const lower = path.toLowerCase()
  return lower.length > 1 && lower.endsWith('/') ? lower.slice(0, -1) : lower
}

const fits = (shape: Shape, segments: readonly string[]): boolean =>
  shape.segments.every((part, index) => (part === null ? segments[index] !== '' : part === segments[index]))

/**
 * Finds routes by method and path: one look-up for a path without values, a few comparisons for another, where a router
 * of patterns tries that of each route in turn.
 */
export class RouteTable {
  readonly #exact = new Map<string, ByMethod>()
  /** By the number of segments. */
  readonly #shapes = new Map<number, Shape[]>()

  constructor(groups: readonly RouteGroup[]) {
    for (const group of groups) {
      for (const bound of group.routes) this.#add(bound, group)
    }
  }

  #add(bound: BoundRoute, group: RouteGroup): void {
    const { path, method } = bound.contract
    const parts = path.split('/')
    const values = parts.flatMap((part, index) => (isValue(part) ? [[index, part.slice(1, -1)] as const] : []))
    const byMethod = values.length === 0 ? this.#exactly(normalForm(path)) : this.#shaped(parts)
    const names = method === 'get' ? ['HEAD', 'GET'] : [method.toUpperCase()]
    for (const name of names) {
      // Of two the first one has the path.
      if (!byMethod.has(name)) byMethod.set(name, { bound, group, params: noParams, values })
    }
  }

  #exactly(path: string): ByMethod {
    const byMethod = this.#exact.get(path) ?? new Map()
    this.#exact.set(path, byMethod)
    return byMethod
  }

  #shaped(parts: readonly string[]): ByMethod {
    const segments = parts.map(part => (isValue(part) ? null : part.toLowerCase()))
    const shapes = this.#shapes.get(segments.length) ?? []
    this.#shapes.set(segments.length, shapes)
    let shape = shapes.find(known => known.segments.every((part, index) => part === segments[index]))
    if (!shape) {
      shape = { segments, byMethod: new Map() }
      shapes.push(shape)
    }
    return shape.byMethod
  }

  #byMethod(path: string): ByMethod | undefined {
    const normal = normalForm(path)
    const exact = this.#exact.get(normal)
    if (exact) return exact
    const segments = normal.split('/')
    return this.#shapes.get(segments.length)?.find(shape => fits(shape, segments))?.byMethod
  }

  /** The route of a request; undefined where there is none. Throws URIError for a malformed percent-encoding in a value. */
  find(method: string, path: string): FoundRoute | undefined {
    const entry = this.#byMethod(path)?.get(method)
    if (!entry || entry.values.length === 0) return entry
    const segments = path.split('/')
    const params: Record<string, string> = {}
    for (const [index, name] of entry.values) params[name] = decodeURIComponent(segments[index] ?? '')
    return { bound: entry.bound, group: entry.group, params }
  }

  /** The methods that a path takes; none where there is no such path. */
  methodsOf(path: string): readonly string[] {
    return [...(this.#byMethod(path)?.keys() ?? [])]
  }
}
