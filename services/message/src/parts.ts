import type { Accounts } from './accounts/accounts.js'
import type { ClaimLimits } from './bundles/claim-limits.js'
import type { MessageContext } from './context.js'
import type { Devices } from './devices/devices.js'
import type { Mailboxes } from './mailbox/mailbox.js'
import type { Send } from './send/send.js'
import type { SocketService } from './socket/sockets.js'
import type { Thin } from './thin/thin.js'

/** What the routes of the message service work with. */
export interface MessageParts {
  readonly context: MessageContext
  readonly accounts: Accounts
  readonly devices: Devices
  readonly mailboxes: Mailboxes
  readonly claimLimits: ClaimLimits
  readonly send: Send
  readonly thin: Thin
  readonly sockets: SocketService
}
