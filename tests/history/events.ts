/** What clients wrote down, in the order in which it happened to each. */
export type HistoryEvent =
  | { readonly type: 'send-start'; readonly from: string; readonly to: string; readonly text: string }
  /** The server has said that it is stored; `at` in milliseconds since 1970. */
  | { readonly type: 'acknowledged'; readonly text: string; readonly messageId: string; readonly at: number }
  /** The send was given up: it may have arrived or not. */
  | { readonly type: 'given-up'; readonly text: string }
  /** An envelope came to the device of this user under a number of its mailbox, the first time or again. */
  | { readonly type: 'arrived'; readonly by: string; readonly sequence: number; readonly messageId: string }
  /** The application has seen it. */
  | { readonly type: 'seen'; readonly from: string; readonly by: string; readonly text: string }
