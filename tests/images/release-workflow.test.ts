import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const folder = new URL('../../.github/workflows/', import.meta.url)
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
const release = textOf('release.yml')

/** The text of each job, by its name. */
const jobs = new Map(
  release
    .slice(release.indexOf('\njobs:\n'))
    .split(/\n {2}(?=[a-z]+:\n)/)
    .slice(1)
    .map(text => [text.slice(0, text.indexOf(':')), text]),
)
const permissionsOf = (job: string): readonly string[] =>
  /\n {4}permissions:\n((?: {6}\S.*\n)+)/
    .exec(`${jobs.get(job)}\n`)?.[1]
    ?.trim()
    .split(/\n\s+/) ?? []

describe('the release', () => {
  it('uses actions at the commits that every workflow uses', () => {
    const commitsOf = (text: string) =>
      [...text.matchAll(/uses: (\S+)@(\S+)/g)].map(([, action, commit]) => `${action}@${commit}`)
    const others = readdirSync(folder)
      .filter(name => name !== 'release.yml')
      .flatMap(name => commitsOf(textOf(name)))
    const used = commitsOf(release)
    expect(used.length).toBeGreaterThan(3)
    for (const action of used) {
      expect(action).toMatch(/@[0-9a-f]{40}$/)
      expect(others).toContain(action)
    }
  })

  it('gives no job more than it needs, and an identity to sign with to the last one alone', () => {
    expect(release).toMatch(/\npermissions: \{\}\n/)
    expect([...jobs.keys()]).toEqual(['verify', 'images', 'publish'])
    expect(permissionsOf('verify')).toEqual(['contents: read'])
    expect(permissionsOf('images')).toEqual(['contents: read', 'packages: write'])
    expect(permissionsOf('publish')).toEqual(['contents: read', 'packages: write', 'id-token: write'])
  })

  it('publishes nothing that the gate has not passed', () => {
    expect(jobs.get('verify')).toContain('run: npm run verify\n')
    expect(jobs.get('images')).toContain('needs: verify\n')
    expect(jobs.get('publish')).toContain('needs: [verify, images]\n')
  })

  it('puts no secret on a command line', () => {
    expect(release).not.toMatch(/run:.*\$\{\{ *secrets/)
    expect(release).not.toContain('--password ')
  })
})
