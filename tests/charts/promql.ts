import { parser } from '@prometheus-io/lezer-promql'

/**
 * The series that an expression of PromQL reads. Throws where it is none. Variables of Grafana are taken for what they
 * stand for.
 */
export const seriesRead = (expr: string): readonly string[] => {
  const text = expr.replaceAll('$__rate_interval', '5m')
  const series: string[] = []
  parser.parse(text).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${text}`)
      if (node.name !== 'VectorSelector') return
      const name = node.node.getChild('Identifier')
      if (!name) throw new Error(`a selector without the name of a metric: ${text.slice(node.from, node.to)}`)
      series.push(text.slice(name.from, name.to))
    },
  })
  return series
}
