/** ML-KEM-768 + ECDH P-256, HKDF-SHA256, AES-256-GCM, Falcon-512 (round 3) inside ECDSA-P256-SHA256. */
export const suiteDefault = 0x0001

/** The suites that this code speaks, the one it likes best first. The numbers are no order of strength. */
export const supportedSuites: readonly number[] = Object.freeze([suiteDefault])

export const isSupportedSuite = (suite: number): boolean => supportedSuites.includes(suite)

/**
 * Whether `offered` stands below `seen` in an own order of suites: a client goes no lower than it has seen of a peer
 * (docs/protocol.md section 4). A suite that is not in the order is the lowest.
 */
export const isLowerSuite = (offered: number, seen: number, order: readonly number[] = supportedSuites): boolean => {
  const rank = (suite: number) => (order.includes(suite) ? order.indexOf(suite) : order.length)
  return rank(offered) > rank(seen)
}
