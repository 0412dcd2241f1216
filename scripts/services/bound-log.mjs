// Loaded by Node before a service whose standard output is a log file: keeps that file within its bound.
import { isMainThread } from 'node:worker_threads'
import { defaultMaxBytes, rotateOpenLog } from './rotate-log.mjs'

const standardOutput = 1
const lookEveryMs = 1_000
const { QSM_SERVICE_LOG: file, QSM_LOG_MAX_BYTES: maxBytes = defaultMaxBytes } = process.env

const look = () => {
  try {
    rotateOpenLog(file, standardOutput, Number(maxBytes))
  } catch (error) {
    console.error(`the log ${file} cannot be rotated: ${error.message}`) // The service goes on.
  }
}

// The threads of a worker pool load this file as well.
if (isMainThread && file) setInterval(look, lookEveryMs).unref()
