let due: (() => void)[] = []

const end = () => {
  const works = due
  due = []
  for (const work of works) work()
}

/** Calls `work` when this turn of the event loop has read all that has come. */
export const atEndOfTurn = (work: () => void): void => {
  if (due.length === 0) setImmediate(end)
  due.push(work)
}

/**
 * Runs `work`, which is itself called at the end of a turn, and then at once what it left for that: an immediate that is set in
 * an immediate would wait until the event loop has read again.
 */
export const withinEndOfTurn = (work: () => void): void => {
  try {
    work()
  } finally {
    end()
  }
}
