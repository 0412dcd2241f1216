interface Pool {
  readonly options: { connectionTimeoutMillis?: number | undefined }
}

/**
 * From now on whoever wants a connection waits as long as the machine needs: within the 0.9 s of a pod a machine whose cores others
 * have may open or hand out none. Gives back what puts the limit in force again.
 */
export const waitWithoutLimit = ({ options }: Pool): (() => void) => {
  const limit = options.connectionTimeoutMillis
  options.connectionTimeoutMillis = 0
  return () => {
    options.connectionTimeoutMillis = limit
  }
}
