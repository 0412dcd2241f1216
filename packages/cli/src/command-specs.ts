/** An option that belongs to some commands. */
export type OptionName = 'email' | 'password-stdin' | 'lines' | 'count' | 'timeout' | 'require-post-quantum-tls'

/** How a command is called, and what its help says. */
export interface CommandSpec {
  /** As the help shows them; one in brackets may be left out, `TEXT` may be several words. */
  readonly operands: readonly string[]
  readonly options: readonly OptionName[]
  /** What the help shows for the options. */
  readonly shown?: string
  readonly summary: string
  readonly about?: string
  readonly examples: readonly string[]
}

const passwordAbout =
  'The password comes from a prompt, from the first line of standard input with --password-stdin, or from QSM_PASSWORD.\nIt never stands on the command line, where others of this machine could read it.'

/** Every command by its name, in the order of the help. */
export const commandSpecs: Readonly<Record<string, CommandSpec>> = {
  register: {
    operands: ['NAME'],
    options: ['email', 'password-stdin'],
    shown: '--email E',
    summary: 'make an account and log in',
    about: passwordAbout,
    examples: [
      'qsm --home ./alice register alice --email alice@example.org',
      'pass show qsm | qsm register alice --email alice@example.org --password-stdin',
    ],
  },
  login: {
    operands: ['NAME'],
    options: ['password-stdin'],
    summary: 'log in on this device',
    about: `${passwordAbout}\nWith a home that was used before, it goes on as the same device; a new home makes a new device.`,
    examples: ['qsm login alice', 'qsm --url https://qsm.example.org --home ./phone login alice'],
  },
  logout: {
    operands: [],
    options: [],
    summary: 'end this login session; keys stay',
    examples: ['qsm logout'],
  },
  whoami: { operands: [], options: [], summary: 'who is logged in here', examples: ['qsm --json whoami'] },
  users: {
    operands: ['[QUERY]'],
    options: [],
    summary: 'find users by the beginning of their name',
    examples: ['qsm users', 'qsm users bo'],
  },
  request: {
    operands: ['NAME'],
    options: [],
    summary: 'ask for a connection',
    about: 'NAME sees it with "qsm pending" and answers with "qsm accept". To begin without an answer: qsm start.',
    examples: ['qsm request bob'],
  },
  pending: { operands: [], options: [], summary: 'who asks', examples: ['qsm pending'] },
  accept: {
    operands: ['NAME'],
    options: [],
    summary: 'accept a request',
    examples: ['qsm accept alice && qsm safety-number alice'],
  },
  reject: { operands: ['NAME'], options: [], summary: 'reject a request', examples: ['qsm reject mallory'] },
  start: {
    operands: ['NAME'],
    options: [],
    summary: 'begin without waiting for an answer',
    about: 'It uses the prekeys that NAME has put up. 20 messages may wait for the first answer.',
    examples: ["qsm start bob && qsm send bob 'hello'"],
  },
  send: {
    operands: ['NAME', '[TEXT]'],
    options: ['lines'],
    summary: 'send a text; with --lines, every line of standard input',
    about: 'It resolves when the server has stored the message. What an earlier command could not send leaves first.',
    examples: ["qsm send bob 'hello'", 'cat file | qsm send bob --lines', "qsm send bob -- '-- a text with dashes'"],
  },
  receive: {
    operands: [],
    options: [],
    summary: 'fetch, print and acknowledge what waits, then end',
    examples: ['qsm receive', 'qsm --json receive | jq -r .text'],
  },
  listen: {
    operands: [],
    options: ['count'],
    shown: '[--count N]',
    summary: 'print messages as they come, until Ctrl-C or N of them',
    examples: ['qsm listen', 'qsm --json listen --count 1'],
  },
  devices: {
    operands: ['[NAME]'],
    options: [],
    summary: 'the devices of this account, or those of NAME',
    about:
      'A managed one is played by the server for a client that holds no keys: whoever runs the server could read there.',
    examples: ['qsm devices', 'qsm devices bob'],
  },
  'remove-device': {
    operands: ['ID'],
    options: [],
    summary: 'remove a device of this account',
    about: 'Its number stands in "qsm devices". What it has not fetched is gone, and it gets nothing any more.',
    examples: ['qsm devices && qsm remove-device 305419896'],
  },
  'safety-number': {
    operands: ['NAME'],
    options: [],
    summary: '60 digits to compare with NAME',
    about: 'Compare them face to face or on the phone. Equal numbers mean that nobody stands between you.',
    examples: ['qsm safety-number bob'],
  },
  'accept-identity': {
    operands: ['NAME'],
    options: [],
    summary: "take NAME's new device or key, after comparing",
    about: 'Until then nothing is sent to NAME. With your own name it accepts your own new devices.',
    examples: ['qsm safety-number bob && qsm accept-identity bob'],
  },
  doctor: {
    operands: [],
    options: [],
    summary: 'look at the algorithms, the server and the account',
    examples: ['qsm doctor', 'qsm --url https://qsm.example.org doctor'],
  },
  check: {
    operands: [],
    options: ['timeout', 'require-post-quantum-tls'],
    shown: '[--timeout N]',
    summary: 'try an installation end to end',
    about: [
      'Two throw-away users register, log in, connect and say one thing each over WebSockets; then their accounts are',
      'removed, also after a failure, Ctrl-C or SIGTERM. Each step is a line with its time; it uses no home and no files.',
      'After 60 s (--timeout) it says at which step it stood. --require-post-quantum-tls: another key exchange of TLS than',
      'X25519MLKEM768 is a failure; that needs Node 24. A CA of your own: NODE_EXTRA_CA_CERTS names its file (PEM).',
    ].join('\n'),
    examples: [
      'qsm --url https://qsm.example.org check',
      'qsm --url https://qsm.example.org --json check --timeout 30 --require-post-quantum-tls',
    ],
  },
}
