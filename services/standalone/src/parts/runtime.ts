import {
  type AdminServer,
  type Bus,
  type Clock,
  createBus,
  createLimits,
  createLog,
  createMetrics,
  createPresence,
  createStopSequence,
  createTokens,
  type Limits,
  type Logger,
  type Metrics,
  type Presence,
  randomBytes,
  type StopSequence,
  startAdminServer,
  systemClock,
  type Tokens,
} from '@qsm/server-kit'
import type { StandaloneConfig } from '../config.js'

export interface StartOptions {
  /** Told each step, for people who wait. */
  readonly onStep?: (step: string) => void
  /** Ends the wait for something that is not there yet; the start then fails. */
  readonly signal?: AbortSignal
}

/** What all parts of one process work with. */
export interface Runtime extends Pick<Limits, 'rateLimits' | 'failureWaits'> {
  readonly config: StandaloneConfig
  readonly log: Logger
  readonly clock: Clock
  readonly metrics: Metrics
  readonly bus: Bus
  readonly presence: Presence
  readonly closing: StopSequence
  readonly step: (step: string) => void
  /** Holds every answer against its contract. */
  readonly checkAnswers: boolean
}

/** A process whose start ends; `stop` closes all that was opened, the last first. */
export interface RunningProcess {
  readonly adminPort: number
  readonly log: Logger
  stop(): Promise<void>
}

/** Starts the parts of a process. Where one fails, those before are closed again. */
export const startParts = async <T>(
  service: string,
  config: StandaloneConfig,
  options: StartOptions,
  start: (runtime: Runtime) => Promise<T>,
): Promise<T> => {
  const log = createLog({ service, level: config.LOG_LEVEL, format: config.LOG_FORMAT })
  const closing = createStopSequence(log)
  const metrics = createMetrics()
  const bus = createBus(config, { log, metrics })
  closing.add('bus', () => bus.close())
  const presence = createPresence(config, log)
  closing.add('presence', () => presence.close())
  // Several processes share limits where they are told a secret; one that makes its own is the only one of its kind.
  const limitSecret = config.JWT_SECRET?.reveal() ?? Buffer.from(randomBytes(32)).toString('hex')
  const { close: closeLimits, ...limits } = createLimits(config, limitSecret, { log, metrics, clock: systemClock })
  closing.add('limits', closeLimits)
  try {
    return await start({
      config,
      log,
      clock: systemClock,
      metrics,
      bus,
      presence,
      ...limits,
      closing,
      step: options.onStep ?? (() => {}),
      checkAnswers: config.QSM_ENV === 'test',
    })
  } catch (error) {
    await closing.run()
    throw error
  }
}

export const tokensFrom = ({ config, clock }: Runtime, secret: string): Tokens =>
  createTokens({
    secret,
    ...(config.JWT_SECRET_PREVIOUS ? { previousSecret: config.JWT_SECRET_PREVIOUS.reveal() } : {}),
    lifeMs: config.TOKEN_EXPIRE_MINUTES * 60_000,
    clock,
  })

/** The admin port of the process, closed with it. */
export const startAdmin = async (
  { config, metrics, closing }: Runtime,
  options: {
    readonly port: number
    /** Named when the port cannot be had. */
    readonly variable?: string
    readonly checks?: Readonly<Record<string, () => Promise<void>>>
  },
): Promise<AdminServer> => {
  const admin = await startAdminServer({ host: config.ADMIN_HOST, metrics, checks: {}, ...options })
  closing.add('admin port', () => admin.close())
  return admin
}
