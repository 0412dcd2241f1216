import { keysAndAccounts } from '../monitoring/dashboards/keys-and-accounts.js'
import { messagesAndSockets } from '../monitoring/dashboards/messages-and-sockets.js'
import { overview } from '../monitoring/dashboards/overview.js'
import { renderDashboard } from '../monitoring/dashboards/render-dashboard.js'

/** The dashboards for Grafana that the chart installs. */
export const generate = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ['charts/qsm/files/dashboards/overview.json', renderDashboard(overview)],
    ['charts/qsm/files/dashboards/messages-and-sockets.json', renderDashboard(messagesAndSockets)],
    ['charts/qsm/files/dashboards/keys-and-accounts.json', renderDashboard(keysAndAccounts)],
  ])
