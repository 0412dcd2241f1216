import { readFileSync } from 'node:fs'

export interface Instruction {
  readonly word: string
  readonly rest: string
}

export interface Stage {
  readonly base: string
  readonly instructions: readonly Instruction[]
}

export interface Dockerfile {
  readonly defaults: ReadonlyMap<string, string>
  readonly stages: ReadonlyMap<string, Stage>
  /** The stage that is built where no target is named. */
  readonly last: string
}

/** Instructions of a Dockerfile, lines that go on joined, by stages. */
export const readDockerfile = (file: URL): Dockerfile => {
  const lines = readFileSync(file, 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
  const stages = new Map<string, { base: string; instructions: Instruction[] }>()
  const defaults = new Map<string, string>()
  let last = ''
  for (const line of lines.filter(text => text.trim() !== '')) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (word === 'FROM') {
      const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? []
      last = name
      stages.set(name, { base, instructions: [] })
    } else if (stages.size === 0) {
      const [name = '', value = ''] = rest.split('=')
      defaults.set(name, value)
    } else {
      stages.get(last)?.instructions.push({ word, rest })
    }
  }
  return { defaults, stages, last }
}

/** What an image of this stage is made with: its own instructions after those of the stages that it begins from. */
export const inheritedInstructions = ({ stages }: Dockerfile, name: string): readonly Instruction[] => {
  const stage = stages.get(name)
  return stage ? [...inheritedInstructions({ stages } as Dockerfile, stage.base), ...stage.instructions] : []
}
