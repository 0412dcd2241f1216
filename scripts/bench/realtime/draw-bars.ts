import type { FanOut } from './fan-out.js'

const barHeight = 18
const labelWidth = 110
const fullWidth = 560
const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** Horizontal bars on a logarithmic scale, one group for each row, as an SVG. */
export const drawBars = (title: string, rows: readonly FanOut[]): string => {
  const all = rows.flatMap(({ contenders }) => Object.values(contenders).map(({ server_us }) => server_us))
  const low = Math.min(...all) / 2
  const scale = fullWidth / Math.log(Math.max(...all) / low)
  const shapes: string[] = []
  let y = 40
  for (const { what, contenders } of rows) {
    shapes.push(`<text x="10" y="${y}" font-weight="bold">${escapeXml(what)}</text>`)
    y += 8
    for (const [name, { server_us }] of Object.entries(contenders).sort(([, a], [, b]) => a.server_us - b.server_us)) {
      const width = Math.log(server_us / low) * scale
      const colour = name === 'qsm' ? '#1f6feb' : '#8b949e'
      shapes.push(
        `<text x="10" y="${y + 13}">${escapeXml(name)}</text>`,
        `<rect x="${labelWidth}" y="${y}" width="${width.toFixed(1)}" height="${barHeight - 4}" fill="${colour}"/>`,
        `<text x="${(labelWidth + width + 6).toFixed(1)}" y="${y + 12}">${server_us.toFixed(2)}</text>`,
      )
      y += barHeight
    }
    y += 26
  }
  const frame = `width="${labelWidth + fullWidth + 70}" height="${y}" font-family="sans-serif" font-size="13"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${frame}>`,
    `<title>${escapeXml(title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="10" y="18" font-size="15">${escapeXml(title)}; logarithmic</text>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n')
}
