import { checkAlgorithms } from '../checks/algorithms.js'
import { openDatabaseCheck } from '../checks/database.js'
import type { Finding } from '../checks/finding.js'
import { readConfig } from '../config.js'

const checkConfiguration = async (): Promise<Finding[]> => {
  try {
    const { QSM_ENV, DATABASE_URL } = readConfig()
    return [
      { name: 'configuration', ok: true, detail: `${QSM_ENV}, ${DATABASE_URL ? 'outside' : 'embedded'} PostgreSQL` },
    ]
  } catch (error) {
    return [{ name: 'configuration', ok: false, detail: (error as Error).message }]
  }
}

/** Looks at everything that an installation needs, and says for each part whether it is right. */
export const doctor = async (): Promise<number> => {
  const configuration = await checkConfiguration()
  const findings = [...configuration, ...(await checkAlgorithms())]
  if (configuration.every(finding => finding.ok)) findings.push(...(await openDatabaseCheck(readConfig())))
  findings.unshift({ name: 'Node.js', ok: true, detail: process.version })
  for (const { name, ok, detail } of findings) console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(24)} ${detail}`)
  return findings.every(finding => finding.ok) ? 0 : 1
}
