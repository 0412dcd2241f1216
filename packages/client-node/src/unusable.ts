import { QsmClientError } from '@qsm/client'
import type { FileOperations } from './file-operations.js'

/** What the system refuses (no room, no right, no such folder), as an error that says what to do; other errors as they are. */
const explain = (folder: string, error: unknown): unknown => {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  const text = `The store in ${folder} cannot be used: ${error.message}. See who may write there and whether the disk is full, or use another folder (qsm: another --home).`
  return new QsmClientError('store_unusable', text, { cause: error })
}

/** Runs it; what the system refuses is thrown as `store_unusable`. */
export const explaining = <T>(folder: string, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    throw explain(folder, error)
  }
}

/** The same operations; what the system refuses is thrown as `store_unusable`. */
export const explained = (folder: string, operations: FileOperations): FileOperations => {
  const wrap =
    <A extends readonly unknown[], R>(operation: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      operation(...args).catch((error: unknown) => {
        throw explain(folder, error)
      })
  return {
    write: wrap(operations.write),
    read: wrap(operations.read),
    rename: wrap(operations.rename),
    remove: wrap(operations.remove),
    names: wrap(operations.names),
    syncFolder: wrap(operations.syncFolder),
  }
}
