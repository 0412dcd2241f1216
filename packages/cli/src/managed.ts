import type { QsmClient } from '@qsm/client'

/** What people are told of a device that the server plays. */
export const managedMark = ({ managed }: { readonly managed: boolean }): string =>
  managed ? '  (managed: keys at the server)' : ''

/** Whether one of a user's devices is played by the server: then whoever runs the server could read what is said there. */
export const isManaged = async (me: QsmClient, username: string): Promise<boolean> =>
  (await me.devicesOf(username)).some(device => device.managed)
