export { createQuantumApp, type QuantumAppOptions } from './app.js'
