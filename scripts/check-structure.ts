import { fileURLToPath } from 'node:url'
import { checkStructure } from './structure/check.js'

const problems = checkStructure(fileURLToPath(new URL('..', import.meta.url)))
for (const { path, line, rule, message } of problems) console.error(`${path}:${line}  ${rule}: ${message}`)
if (problems.length > 0) console.error(`${problems.length} against the rules of scripts/structure/rules.ts`)
process.exitCode = problems.length === 0 ? 0 : 1
