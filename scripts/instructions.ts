// npm run instructions [-- --update | --why-not]: counts the instructions of hot functions in the built code and holds them against
// those of instructions/baseline.json. Ends with 1 where one is more than 2 % off, with 2 where nothing could be compared.
import { nodesWithBaseline, readBaseline, thisNode, writeBaseline } from './instructions/baseline.js'
import { countInstructions, whyNotCounted } from './instructions/count-instructions.js'
import { judge } from './instructions/judge.js'
import { operations } from './instructions/operations.js'
import { renderJudged } from './instructions/render.js'

const update = process.argv.includes('--update')
const baseline = readBaseline()
const noBaseline = `not compared: no baseline for Node ${thisNode}, only for ${nodesWithBaseline().join(', ')}; npm run instructions -- --update takes one`
const whyNot = whyNotCounted() ?? (baseline || update ? null : noBaseline)

if (process.argv.includes('--why-not')) {
  if (whyNot) console.log(whyNot)
} else if (whyNot) {
  console.error(whyNot)
  process.exitCode = 2
} else {
  const counts = await countInstructions(operations)
  const judged = judge(counts, baseline ?? {})
  console.log(`Instructions of one operation, Node ${thisNode}\n\n${renderJudged(judged)}\n`)
  if (update) {
    writeBaseline(counts)
    console.log('scripts/instructions/baseline.json is written: commit it with the change that moved the counts.')
  } else {
    const passed = judged.filter(one => one.passed).length
    console.log(`${passed} passed, ${judged.length - passed} failed`)
    process.exitCode = passed === judged.length ? 0 : 1
  }
}
