export { fileStore } from './file-store.js'
export { nodeSocket } from './node-socket.js'
