import { QsmClient } from '@qsm/client'
import { UsageError } from '../arguments.js'
import type { Command, CommandContext } from '../command.js'
import { managedMark } from '../managed.js'

const loggedIn = (client: QsmClient) => ({ username: client.username, user_id: client.userId, url: client.url })

export const register: Command = async ({ args, output, options, name, password }) => {
  if (!args.email) throw new UsageError('register: --email is needed', 'register')
  const given = { ...(await options()), username: name, email: args.email, password: await password('new') }
  output.note('drawing keys: Falcon-512, ECDSA-P256, 101 prekeys …')
  const client = await QsmClient.register(given)
  await output.say(`Registered and logged in as ${client.username}.`, loggedIn(client))
  await client.close()
}

export const login: Command = async ({ output, options, name, password }) => {
  const client = await QsmClient.login({ ...(await options()), username: name, password: await password('known') })
  await output.say(`Logged in as ${client.username}.`, loggedIn(client))
  await client.close()
}

export const logout: Command = async ({ output, client }) => {
  await (await client()).logout()
  await output.say('Logged out. Keys and sessions stay for the next login.', { logged_out: true })
}

export const whoami: Command = async ({ output, client }) => {
  const me = await client()
  await output.say(`${me.username} (${me.userId}) at ${me.url}`, loggedIn(me))
}

export const removeDevice: Command = async ({ output, client, name }) => {
  const deviceId = /^[1-9][0-9]{0,9}$/.test(name) ? Number(name) : 0
  if (deviceId === 0 || deviceId > 0xffff_ffff) {
    throw new UsageError('remove-device: ID is a number that "qsm devices" shows', 'remove-device')
  }
  await (await client()).removeDevice(deviceId)
  await output.say(`Device ${deviceId} is removed.`, { removed_device: deviceId })
}

/** The devices of another user, as this client sees them. */
const devicesOf = async ({ output, client, name }: CommandContext): Promise<void> => {
  const listed = await (await client()).devicesOf(name)
  if (listed.length === 0) output.note(`${name} has no device yet.`)
  for (const device of listed) {
    const mark = `${managedMark(device)}${device.accepted ? '' : '  (not accepted)'}`
    await output.say(`${String(device.device_id).padStart(10)}${mark}`, { username: name, ...device })
  }
}

export const devices: Command = async context => {
  const { output, client, name } = context
  if (name !== '') return devicesOf(context)
  for (const device of await (await client()).devices()) {
    const mark = `${device.is_this ? '  (this one)' : ''}${managedMark(device)}`
    await output.say(`${String(device.device_id).padStart(10)}  since ${device.created_at}${mark}`, { ...device })
  }
}
