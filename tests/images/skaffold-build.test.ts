import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/images/skaffold-build.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-skaffold-build-'))
const builder = join(folder, 'any-builder')
writeFileSync(builder, '#!/bin/sh\necho "$@"\n')
chmodSync(builder, 0o755)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the script with a builder that only prints what it is told. */
const build = (variables: Readonly<Record<string, string>>) => {
  const env = { PATH: process.env.PATH, IMAGE: 'qsm:ci', IMAGE_BUILDER: builder, ...variables }
  return spawnSync(process.execPath, [script], { env, encoding: 'utf8' })
}

it('builds the image of the pods under the tag that skaffold wants, on the base that NODE_IMAGE names', () => {
  const { status, stdout } = build({ NODE_IMAGE: 'mirror.example/node:24' })
  expect(status).toBe(0)
  expect(stdout).toContain('--build-arg NODE_IMAGE=mirror.example/node:24')
  expect(stdout).toContain('--target qsm --tag qsm:ci')
  expect(build({}).stdout).not.toContain('NODE_IMAGE')
})

it('hands the tag to the loader', () => {
  expect(build({ IMAGE_LOADER: 'echo loads' }).stdout).toContain('loads qsm:ci\n')
})

it('leaves it to the loader to bring the image to a registry', () => {
  const { status, stdout } = build({ PUSH_IMAGE: 'true', IMAGE_LOADER: 'echo loads' })
  expect([status, stdout.match(/^(push|loads) .*$/gm)]).toEqual([0, ['loads qsm:ci']])
})

it('says which programs push, where the builder is none of them', () => {
  const { status, stderr } = build({ PUSH_IMAGE: 'true' })
  expect([status, stderr]).toEqual([1, expect.stringContaining('Take docker, podman or buildah as IMAGE_BUILDER')])
})
