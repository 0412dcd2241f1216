/** A point: hours, and MiB at that time. */
export type Point = readonly [hours: number, mebibytes: number]

/** Least squares: MiB for each hour, and the standard error of that. */
export const slopeOf = (points: readonly Point[]): { readonly slope: number; readonly error: number } => {
  const count = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count
  const xx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / xx
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, error: Math.sqrt(rest / (count - 2) / xx) }
}
