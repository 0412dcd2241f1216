export { type AuthApp, createAuthApp } from './app.js'
export { authPodVariables, authVariables, readPodConfig as readAuthPodConfig } from './config.js'
export { authEntities, authMigrations, authSchema, createAuthContext } from './context.js'
