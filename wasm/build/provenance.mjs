import { createHash } from 'node:crypto'
import { compilerOptions, compilerVersion, inliningOptions, linkerOptions } from './compile.mjs'
import { crate, liboqsVersion, modules } from './modules.mjs'

export const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')

/** What stands beside the modules: how they came to be and how anybody makes them again. `built` are names with bytes. */
export const provenance = built => `# Provenance

Made by \`npm run build:wasm\`; \`npm run build:wasm -- --check\` makes them again and compares.

| Module | Bytes | SHA-256 |
|---|---|---|
${built.map(({ name, bytes }) => `| ${name}.wasm | ${bytes.length} | \`${sha256(bytes)}\` |`).join('\n')}

| From | Version | |
|---|---|---|
| crate ${crate.name} | ${crate.version} | SHA-256 \`${crate.sha256}\` |
| clang-19, lld-19 of Debian 12 | ${compilerVersion} | \`${compilerOptions}\`, linked with \`${linkerOptions}\` |
| \`wasm/build/c\` | of the same commit | glue, hash functions, vector operations; of ML-KEM arithmetic, coding, sampling, noise, encryption, encapsulation and decapsulation; of Falcon the transforms of verification and the hash to a point |

\`${modules.flatMap(({ inlined }) => inlined).join('\`, \`')}\` have \`${inliningOptions}\` besides. Which files of the crate are compiled, and the size of each stack, stand in \`wasm/build/modules.mjs\`; their licences lie in \`licences/\`.
`

/** In the form that \`sha256sum --check\` reads. */
export const checksums = built => built.map(({ name, bytes }) => `${sha256(bytes)}  ${name}.wasm\n`).join('')

const embedded = ({ identifier, bytes }) =>
  `export const ${identifier} = {\n  sha256: '${sha256(bytes)}',\n  base64:\n    '${bytes.toString('base64')}',\n}\n`

/** The modules as text, so that Node and every bundler take them from the same file. */
export const embedding = built =>
  [
    '// Made by `npm run build:wasm`. Do not edit.\n',
    `/** Of liboqs, whose sources were compiled. */\nexport const sourcesVersion = '${liboqsVersion}'\n`,
    ...built.map(embedded),
  ].join('\n')
