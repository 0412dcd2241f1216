// npm run test:cluster: installs the chart on a real cluster and proves that it survives what clusters do. Builds the images,
// brings a cluster up or uses the one of KUBECONFIG, and ends with 1 where something was lost. docs/kubernetes.md says more.
import { setUp } from './setup.mjs'

await setUp()
const { prove } = await import('./cluster/launch.mjs')
process.exitCode = await prove(process.argv.slice(2))
