import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Writes the script of a scenario with all its parts into one file, which k6 runs without a network. */
export const bundle = async (scenario: string, file: string): Promise<void> => {
  await build({
    entryPoints: [fileURLToPath(new URL(`scenarios/${scenario}.ts`, import.meta.url))],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['k6', 'k6/*'],
    charset: 'utf8',
    logLevel: 'silent',
  })
}
