import { type Line, limit, qsm } from './judge.js'
import { figure } from './render-table.js'

const rowHeight = 20
const labelWidth = 330
const plotWidth = 420
const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** How many times each contender QSM is: bars on a logarithmic scale from 1, the spread as a line, the gate as a red mark. An SVG. */
export const drawRatios = (title: string, lines: readonly Line[]): string => {
  const rows = lines.filter(({ contender, ratio }) => contender !== qsm && ratio !== null && ratio > 0)
  const ends = rows.flatMap(({ low, high, gate }) => [low, high, gate ?? 1].map(Number)).filter(value => value > 0)
  const [least, most] = [Math.min(0.8, ...ends) / 1.1, Math.max(1.25, ...ends) * 1.1]
  const x = (value: number) =>
    labelWidth + (Math.log(Math.max(value, least) / least) / Math.log(most / least)) * plotWidth
  const at = (value: number) => x(value).toFixed(1)
  const height = 56 + rows.length * rowHeight
  const shapes = rows.flatMap(({ metric, contender, ratio, low, high, gate, met }, index) => {
    const y = 40 + index * rowHeight
    const value = Number(ratio)
    const [from, to] = [Math.min(x(value), x(1)), Math.max(x(value), x(1))]
    const label = `${metric}: ${contender === limit ? 'goal' : contender}`
    return [
      `<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${escapeXml(label)}</text>`,
      `<rect x="${from.toFixed(1)}" y="${y + 3}" width="${(to - from).toFixed(1)}" height="12" fill="${met === false ? '#d29922' : '#1f6feb'}"/>`,
      `<line x1="${at(Number(low))}" x2="${at(Number(high))}" y1="${y + 9}" y2="${y + 9}" stroke="#24292f"/>`,
      ...(gate === null
        ? []
        : [`<line x1="${at(gate)}" x2="${at(gate)}" y1="${y}" y2="${y + 18}" stroke="#cf222e" stroke-width="2"/>`]),
      `<text x="${labelWidth + plotWidth + 8}" y="${y + 13}">${figure(value)} ×</text>`,
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${labelWidth + plotWidth + 90}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="10" y="18" font-size="15">${escapeXml(title)}</text>`,
    `<text x="10" y="33">QSM over each, higher is better; red: the gate, yellow: missed; logarithmic</text>`,
    `<line x1="${at(1)}" x2="${at(1)}" y1="38" y2="${height - 12}" stroke="#8b949e"/>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n')
}
