import { Counter, Trend } from 'k6/metrics'

export const messagesSent = new Counter('messages_sent')
export const messagesRefused = new Counter('messages_refused')
/** Answered with 201, and not delivered to a socket that should have got it. */
export const messagesLost = new Counter('messages_lost')
/** Messages handed to a socket, each once for each socket. */
export const deliveries = new Counter('deliveries')
/** From the moment at which a message was to be sent until a socket has it. */
export const deliveryMs = new Trend('delivery_ms', true)
export const socketsOpened = new Counter('sockets_opened')
export const socketsRefused = new Counter('sockets_refused')
/** Closed or broken, and not by us. */
export const socketsDropped = new Counter('sockets_dropped')
/** From the upgrade until `ready` has come. */
export const socketReadyMs = new Trend('socket_ready_ms', true)
