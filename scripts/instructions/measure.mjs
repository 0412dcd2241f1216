// measure.mjs [FILE COUNT]...: runs operations below callgrind, which writes down what it has counted each time this process
// asks for the id of its parent. So every second part is COUNT times an operation, without start-up and warm-up.
const given = process.argv.slice(2)
const mark = () => process.ppid

for (let at = 0; at < given.length; at += 2) {
  const count = Number(given[at + 1])
  const { prepare } = await import(given[at])
  const run = await prepare()
  await run(count)
  // What others left in the heap is nobody's cost here.
  globalThis.gc()
  mark()
  await run(count)
  mark()
}
process.exit(0)
