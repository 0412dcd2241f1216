import {
  runManagedOperations as contract,
  type ManagedCall,
  type ManagedResult,
  managedOperations,
  maxOperationsPerCall,
  type RunManagedOperations,
} from '@qsm/contract'
import type { Tokens } from '@qsm/server-kit'
import type { QuantumAccess } from './managed-devices.js'

/** With what the database takes, every caller has an answer within 2 s. */
const deadlineMs = 1_800
/** Some room for what stands around the operations. */
const maxBodyBytes = contract.maxBodyBytes - 65_536

/** Operations as JSON, in groups that fit one call each. */
const groupsOf = (calls: readonly ManagedCall[]): readonly string[][] => {
  const groups: string[][] = []
  let bytes = 0
  for (const call of calls) {
    const json = JSON.stringify(call)
    const size = Buffer.byteLength(json) + 1
    const group = groups.at(-1)
    if (group && group.length < maxOperationsPerCall && bytes + size <= maxBodyBytes) {
      group.push(json)
      bytes += size
    } else {
      groups.push([json])
      bytes = size
    }
  }
  return groups
}

const checkOutput = (result: ManagedResult, call: ManagedCall | undefined): ManagedResult => {
  if (!call || 'error' in result) return result
  return { output: managedOperations[call.input.operation].output.parse(result.output) }
}

/**
 * Managed devices of a quantum service that runs elsewhere, by its internal route. Connections are kept open. The credential
 * of this service stands in the header; what is done is decided by the user's token in each operation.
 */
export const createHttpManagedOperations = (options: {
  /** Address of the quantum service, such as `http://quantum-crypto:8001`. */
  readonly quantumUrl: string
  readonly tokens: Pick<Tokens, 'issueService'>
}): QuantumAccess => {
  const url = new URL(contract.path, options.quantumUrl)

  const post = async (operations: readonly string[], signal: AbortSignal): Promise<readonly ManagedResult[]> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${options.tokens.issueService('message')}`,
        'Content-Type': 'application/json',
      },
      body: `{"operations":[${operations.join(',')}]}`,
      signal,
      redirect: 'error',
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`${url.origin} answers ${response.status} to ${contract.path}`)
    }
    const { results } = contract.responses[200].body.parse(await response.json())
    if (results.length !== operations.length) {
      throw new Error(`${url.origin} gives ${results.length} results for ${operations.length} operations`)
    }
    return results
  }

  const run: RunManagedOperations = async (calls, signal) => {
    const results = (await Promise.all(groupsOf(calls).map(group => post(group, signal)))).flat()
    return results.map((result, index) => checkOutput(result, calls[index]))
  }
  return { run, deadlineMs }
}
