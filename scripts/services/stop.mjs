// ./stop_services.sh: stops what ./start_services.sh has started.
import '../setup/require-node.mjs'
import { fail } from '../setup/step.mjs'
import { servicesToStop } from './services.mjs'
import { stopService } from './stop-service.mjs'

if (process.argv.length > 2) {
  console.error('Usage: ./stop_services.sh\n\nStops both services, and says if one had to be killed.')
  process.exit(process.argv[2] === '--help' ? 0 : 2)
}
try {
  for (const service of servicesToStop) await stopService(service)
} catch (error) {
  fail(error)
}
