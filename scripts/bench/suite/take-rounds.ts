import type { Contender } from './bench.js'

/** What one contender showed in one round, or why that counts for nothing. */
export type Sample = { readonly values: Readonly<Record<string, number>> } | { readonly void: string }

/** The samples of each contender, in the order of the rounds. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

const measureOnce = async ({ measure }: Contender, round: number): Promise<Sample> => {
  try {
    return { values: await measure(round) }
  } catch (error) {
    return { void: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Lets every contender run once a round, in an order that rotates, so that what else the machine does meets all alike.
 * Round 0 warms up and is thrown away.
 */
export const takeRounds = async (
  contenders: readonly Contender[],
  rounds: number,
  say: (text: string) => void,
): Promise<Samples> => {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length] as Contender
      const sample = await measureOnce(contender, round)
      const shown =
        'void' in sample
          ? `void: ${sample.void.split('\n')[0]}`
          : Object.entries(sample.values)
              .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
              .join(', ')
      say(`  round ${round}${round === 0 ? ' (warms up)' : ` of ${rounds}`}  ${contender.name}: ${shown}`)
      if (round > 0) samples.get(contender.name)?.push(sample)
    }
  }
  return samples
}
