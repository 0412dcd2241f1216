const headBytes = 20
const elementBytes = 12

/** The numbers of a parameter `bigint[]` in PostgreSQL's binary format: 20 bytes, then each behind its length. */
export const readBigints = (parameter: unknown): readonly number[] => {
  const array = parameter as Buffer
  const count = Math.max(0, (array.length - headBytes) / elementBytes)
  return Array.from({ length: count }, (_, index) => Number(array.readBigInt64BE(headBytes + index * elementBytes + 4)))
}
