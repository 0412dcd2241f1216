import { describe, expect, it } from 'vitest'
import { readArguments } from '../src/arguments.js'
import { commandSpecs } from '../src/command-specs.js'
import { helpOf, overview } from '../src/help.js'

/** The words of a command line as a shell would have them. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(match => match[1] ?? match[2] ?? '')

/** The `qsm` parts of an example, which may be a pipe or a row of commands. */
const callsOf = (example: string): readonly (readonly string[])[] =>
  example
    .split(/ (?:&&|\|) /)
    .map(words)
    .filter(([program]) => program === 'qsm')
    .map(([, ...args]) => args)

const examplesIn = (text: string): readonly string[] =>
  (text.split(/^Examples?:$/m)[1] ?? '')
    .split('\n')
    .filter(line => line.startsWith('  '))
    .map(line => line.trim())

describe('the help', () => {
  it('names every command with what it does, the exit codes and where a password comes from', () => {
    for (const [name, { summary }] of Object.entries(commandSpecs)) {
      expect(overview).toMatch(new RegExp(`^  ${name}\\b.* ${summary.replaceAll(/[()]/g, '.')}$`, 'm'))
    }
    for (const text of [
      '0 done, 1 failed, 2 wrong usage',
      '--password-stdin',
      'QSM_PASSWORD',
      '--json',
      '--home',
      '--url',
    ])
      expect(overview).toContain(text)
  })

  it('fits a terminal of 120 columns', () => {
    const texts = [overview, ...Object.entries(commandSpecs).map(([name, spec]) => helpOf(name, spec))]
    expect(texts.flatMap(text => text.split('\n')).filter(line => line.length > 120)).toEqual([])
  })

  it.each(Object.keys(commandSpecs))('of %s has an example of that command', name => {
    const spec = commandSpecs[name]
    if (!spec) throw new Error('gone')
    const text = helpOf(name, spec)
    expect(text).toMatch(new RegExp(`^Usage: qsm .* ${name}( |$)`, 'm'))
    const calls = examplesIn(text).flatMap(callsOf)
    expect(calls.some(call => readArguments(call, {}).command === name)).toBe(true)
  })

  it('shows no example that would be refused', () => {
    const examples = [...examplesIn(overview), ...Object.values(commandSpecs).flatMap(spec => spec.examples)]
    expect(examples.length).toBeGreaterThan(20)
    for (const example of examples) {
      const calls = callsOf(example)
      expect(calls.length).toBeGreaterThan(0)
      for (const call of calls) expect(() => readArguments(call, {})).not.toThrow()
    }
  })
})
