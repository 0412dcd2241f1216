/** ML-KEM-768 + ECDH P-256, HKDF-SHA256, AES-256-GCM, Falcon-512 (round 3) inside ECDSA-P256-SHA256. */
export const suiteDefault = 0x0001

/** The suites that this code speaks, in its own order of preference. The numbers are no order of strength. */
export const supportedSuites: readonly number[] = Object.freeze([suiteDefault])

export const isSupportedSuite = (suite: number): boolean => supportedSuites.includes(suite)
