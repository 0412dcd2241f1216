import type { Dashboard, Panel, Row } from './panel.js'

const datasource = { type: 'prometheus', uid: '${datasource}' }
const columns = 24
const heightOf = ({ kind }: Panel): number => (kind === 'stat' ? 4 : 8)
const widthOf = ({ kind, width }: Panel): number => width ?? (kind === 'stat' ? 4 : 8)

interface Step {
  readonly color: string
  readonly value: number | null
}

const stepsOf = ({ warnAt, alarmAt, redBelow }: Panel): readonly Step[] => {
  if (redBelow !== undefined)
    return [
      { color: 'red', value: null },
      { color: 'green', value: redBelow },
    ]
  const steps: Step[] = [{ color: 'green', value: null }]
  if (warnAt !== undefined) steps.push({ color: 'orange', value: warnAt })
  if (alarmAt !== undefined) steps.push({ color: 'red', value: alarmAt })
  return steps
}

const mappingsOf = ({ words = {} }: Panel) => {
  const options = Object.fromEntries(Object.entries(words).map(([value, text]) => [value, { text }]))
  return Object.keys(words).length === 0 ? [] : [{ type: 'value', options }]
}

const custom = (panel: Panel) => ({
  drawStyle: 'line',
  lineWidth: 1,
  fillOpacity: panel.isStacked ? 30 : 10,
  showPoints: 'never',
  spanNulls: false,
  stacking: { mode: panel.isStacked ? 'normal' : 'none', group: 'A' },
  thresholdsStyle: { mode: stepsOf(panel).length > 1 ? 'dashed' : 'off' },
})

const optionsOf = ({ kind }: Panel) =>
  kind === 'stat'
    ? {
        colorMode: 'background',
        graphMode: 'none',
        textMode: 'auto',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      }
    : {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'multi', sort: 'desc' },
      }

const panelJson = (panel: Panel, id: number, x: number, y: number) => ({
  id,
  type: panel.kind,
  title: panel.title,
  description: panel.description,
  datasource,
  gridPos: { x, y, w: widthOf(panel), h: heightOf(panel) },
  targets: panel.targets.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode(65 + index),
    datasource,
    editorMode: 'code',
    expr,
    legendFormat: legend,
    range: panel.kind !== 'stat',
    instant: panel.kind === 'stat',
  })),
  fieldConfig: {
    defaults: {
      unit: panel.unit,
      min: 0,
      ...(panel.max === undefined ? {} : { max: panel.max }),
      color: { mode: panel.kind === 'stat' ? 'thresholds' : 'palette-classic' },
      mappings: mappingsOf(panel),
      thresholds: { mode: 'absolute', steps: stepsOf(panel) },
      ...(panel.kind === 'stat' ? {} : { custom: custom(panel) }),
    },
    overrides: [],
  },
  options: optionsOf(panel),
})

/** Panels of each row from left to right, in as many lines as it takes. */
const place = (rows: readonly Row[]): readonly object[] => {
  const placed: object[] = []
  let y = 0
  for (const row of rows) {
    const gridPos = { x: 0, y, w: columns, h: 1 }
    placed.push({ id: placed.length + 1, type: 'row', title: row.title, collapsed: false, gridPos, panels: [] })
    y += 1
    let x = 0
    let height = 0
    for (const panel of row.panels) {
      if (x + widthOf(panel) > columns) {
        y += height
        x = 0
        height = 0
      }
      placed.push(panelJson(panel, placed.length + 1, x, y))
      x += widthOf(panel)
      height = Math.max(height, heightOf(panel))
    }
    y += height
  }
  return placed
}

const variable = (name: string, query: string, isMany: boolean) => ({
  name,
  label: name,
  type: 'query',
  datasource,
  query: { query, refId: name },
  definition: query,
  refresh: 2,
  sort: 1,
  multi: isMany,
  includeAll: isMany,
  ...(isMany ? { current: { selected: true, text: ['All'], value: ['$__all'] } } : {}),
})

const known = 'qsm_http_request_duration_seconds_count'
const variables = [
  { name: 'datasource', label: 'data source', type: 'datasource', query: 'prometheus', hide: 0 },
  variable('namespace', `label_values(${known}, namespace)`, false),
  variable('job', `label_values(${known}{namespace=~"$namespace"}, job)`, true),
  variable('pod', `label_values(${known}{namespace=~"$namespace", job=~"$job"}, pod)`, true),
]

/** A dashboard as Grafana imports it. */
export const renderDashboard = ({ uid, title, description, rows }: Dashboard): string =>
  `${JSON.stringify(
    {
      uid,
      title,
      description,
      tags: ['qsm'],
      schemaVersion: 41,
      version: 1,
      editable: true,
      graphTooltip: 1,
      refresh: '30s',
      time: { from: 'now-3h', to: 'now' },
      timezone: 'browser',
      links: [
        { type: 'dashboards', title: 'QSM', tags: ['qsm'], asDropdown: false, includeVars: true, keepTime: true },
      ],
      annotations: { list: [] },
      templating: { list: variables },
      panels: place(rows),
    },
    null,
    2,
  )}\n`
