export { type AuthApp, createAuthApp } from './app.js'
export { authPodVariables, authVariables } from './config.js'
export { authEntities, authMigrations, authSchema, createAuthContext } from './context.js'
