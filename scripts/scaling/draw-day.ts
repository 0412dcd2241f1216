import { type Minute, minutesOfDay } from './day.js'
import { type Part, parts } from './demand.js'

const [width, height, left, top, plotWidth, plotHeight] = [760, 330, 60, 50, 560, 230]
const colours: Readonly<Record<Part, string>> = {
  message: '#1f6feb',
  auth: '#8250df',
  quantum: '#bf8700',
  redis: '#cf222e',
  postgres: '#1a7f37',
}
const every = 5

/** How busy each part is over the day on which a zone is lost. An SVG. */
export const drawDay = (title: string, day: readonly Minute[]): string => {
  const most = Math.max(1, ...day.flatMap(minute => parts.map(part => Math.min(minute.busy[part], 2))))
  const x = (minute: number) => (left + (minute / minutesOfDay) * plotWidth).toFixed(1)
  const y = (busy: number) => (top + plotHeight - (Math.min(busy, most) / most) * plotHeight).toFixed(1)
  const line = (part: Part, index: number) => {
    const points = day.flatMap((minute, at) => (at % every === 0 ? [`${x(at)},${y(minute.busy[part])}`] : []))
    const legend = top + 14 + index * 18
    return [
      `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[part]}" stroke-width="1.5"/>`,
      `<text x="${left + plotWidth + 14}" y="${legend}" fill="${colours[part]}">${part}</text>`,
    ]
  }
  const hours = [0, 4, 8, 12, 16, 20, 24]
  const shares = [0, 0.25, 0.5, 0.75, 1].filter(share => share <= most)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="10" y="20" font-size="15">${title}</text>`,
    `<text x="10" y="36">share of the time that each part is busy; computed, not measured</text>`,
    ...shares.flatMap(share => [
      `<line x1="${left}" x2="${left + plotWidth}" y1="${y(share)}" y2="${y(share)}" stroke="#d0d7de"/>`,
      `<text x="${left - 8}" y="${Number(y(share)) + 4}" text-anchor="end">${share * 100} %</text>`,
    ]),
    ...hours.map(
      hour => `<text x="${x(hour * 60)}" y="${top + plotHeight + 18}" text-anchor="middle">${hour} h</text>`,
    ),
    ...parts.flatMap(line),
    '</svg>',
    '',
  ].join('\n')
}
