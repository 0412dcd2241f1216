export interface Curve {
  readonly title: string
  readonly points: readonly { readonly label: string; readonly us: number }[]
}

const [panelWidth, plotWidth, plotHeight, left, top] = [360, 270, 180, 60, 60]

/** CPU for each delivery at each size, one panel for each curve, with the line that the goal of 1.1 by a doubling allows. An SVG. */
export const drawCurves = (
  curves: readonly Curve[],
  growthByDoubling: number,
  doublings: readonly number[],
): string => {
  const panel = ({ title, points }: Curve, at: number) => {
    const first = points[0]?.us ?? 0
    const allowed = points.map((_, index) => first * growthByDoubling ** (index * (doublings[at] ?? 1)))
    const most = Math.max(...points.map(({ us }) => us), ...allowed) * 1.1
    const x = (index: number) => at * panelWidth + left + (index / (points.length - 1)) * plotWidth
    const y = (us: number) => top + plotHeight - (us / most) * plotHeight
    const line = (values: readonly number[]) =>
      values.map((us, index) => `${x(index).toFixed(1)},${y(us).toFixed(1)}`).join(' ')
    return [
      `<text x="${at * panelWidth + left}" y="${top - 16}" font-size="13">${title}</text>`,
      `<line x1="${x(0)}" x2="${x(points.length - 1)}" y1="${y(0)}" y2="${y(0)}" stroke="#8b949e"/>`,
      `<polyline points="${line(allowed)}" fill="none" stroke="#cf222e" stroke-dasharray="4 3"/>`,
      `<polyline points="${line(points.map(({ us }) => us))}" fill="none" stroke="#1f6feb" stroke-width="2"/>`,
      ...points.flatMap(({ label, us }, index) => [
        `<circle cx="${x(index).toFixed(1)}" cy="${y(us).toFixed(1)}" r="3" fill="#1f6feb"/>`,
        `<text x="${x(index).toFixed(1)}" y="${(y(us) - 8).toFixed(1)}" text-anchor="middle">${Math.round(us)}</text>`,
        `<text x="${x(index).toFixed(1)}" y="${top + plotHeight + 18}" text-anchor="middle">${label}</text>`,
      ]),
    ]
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${panelWidth * curves.length}" height="${top + plotHeight + 30}" font-family="sans-serif" font-size="12">`,
    '<title>CPU for each durable delivery</title>',
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="10" y="20" font-size="15">B12. CPU for each durable delivery, µs: message pods, Redis and PostgreSQL</text>`,
    `<text x="10" y="35">red: what the goal of ${growthByDoubling} × by a doubling allows</text>`,
    ...curves.flatMap(panel),
    '</svg>',
    '',
  ].join('\n')
}
