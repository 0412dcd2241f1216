export * from './asyncapi.js'
export * from './error-reference.js'
export * from './openapi.js'
