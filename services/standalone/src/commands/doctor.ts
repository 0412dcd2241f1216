import { checkAlgorithms } from '../checks/algorithms.js'
import { openDatabaseCheck } from '../checks/database.js'
import type { Finding } from '../checks/finding.js'
import { readConfig } from '../config.js'
import type { ProcessPart } from '../schemas.js'

const checkConfiguration = async (part: ProcessPart): Promise<Finding[]> => {
  try {
    const { QSM_ENV, DATABASE_URL } = readConfig(undefined, part)
    return [
      { name: 'configuration', ok: true, detail: `${QSM_ENV}, ${DATABASE_URL ? 'outside' : 'embedded'} PostgreSQL` },
    ]
  } catch (error) {
    return [{ name: 'configuration', ok: false, detail: (error as Error).message }]
  }
}

/** Looks at everything that the process of `part` needs, and says for each part whether it is right. */
export const doctor = async (part: ProcessPart): Promise<number> => {
  const configuration = await checkConfiguration(part)
  const findings = [...configuration, ...(await checkAlgorithms())]
  if (configuration.every(finding => finding.ok)) {
    findings.push(...(await openDatabaseCheck(readConfig(undefined, part), part)))
  }
  findings.unshift({ name: 'Node.js', ok: true, detail: process.version })
  for (const { name, ok, detail } of findings) console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(24)} ${detail}`)
  return findings.every(finding => finding.ok) ? 0 : 1
}
