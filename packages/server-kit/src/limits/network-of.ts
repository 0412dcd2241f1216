import { isIPv6 } from 'node:net'

const mappedForm = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** An IPv4 address as it is; of an IPv6 address its first 64 bits, as `2001:db8:0:1::/64`. Other text stays as it is. */
export const networkOf = (address: string): string => {
  const mapped = mappedForm.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups =
    tail === undefined ? before : [...before, ...Array(8 - before.length - after.length).fill('0'), ...after]
  return `${groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
