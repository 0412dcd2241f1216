/** A name as it is compared: names are ASCII, so folding is lower case. */
export const usernameKey = (username: string): string => username.toLowerCase()
