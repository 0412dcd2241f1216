/** Errors whose message names the cure; a stack would only hide it. By name: those of later packages are not known here. */
const selfExplaining = new Set([
  'AlgorithmLoadError',
  'ConfigError',
  'DatabaseError',
  'EmbeddedPostgresError',
  'PortError',
  'SelfTestError',
  'VaultError',
])

const isSelfExplaining = (error: unknown): error is Error => error instanceof Error && selfExplaining.has(error.name)

/** What a person is told instead of a stack when a program fails with this error or by this cause; null where only the stack helps. */
export const explainFailure = (error: unknown): string | null => {
  const told = [error, error instanceof Error ? error.cause : undefined].find(isSelfExplaining)
  return told ? told.message : null
}
