export const usage = `Usage: qsm [--url URL] [--home DIR] [--json] COMMAND

  register NAME --email E   make an account and log in
  login NAME                log in on this device
  logout                    end this login session; keys stay
  whoami                    who is logged in here
  users [QUERY]             find users by the beginning of their name
  request NAME              ask for a connection
  pending                   who asks
  accept NAME               accept a request
  reject NAME               reject a request
  start NAME                begin without waiting for an answer
  send NAME TEXT            send a text; with --lines, every line of standard input
  receive                   fetch, print and acknowledge what waits, then end
  listen                    print messages as they come; --count N ends after N
  devices                   the devices of this account
  safety-number NAME        60 digits to compare with NAME
  accept-identity NAME      take NAME's new device or key, after comparing
  doctor                    look at the server, the account and the algorithms

The password comes from a prompt, --password-stdin or QSM_PASSWORD.
--url defaults to QSM_URL or http://localhost:8000, --home to QSM_HOME or ~/.qsm.
Exit codes: 0 done, 1 failed, 2 wrong usage.

Examples:
  qsm --home ./alice register alice --email alice@example.org
  qsm --home ./alice start bob && qsm --home ./alice send bob 'hello'
  cat file | qsm --home ./alice send bob --lines
  qsm --home ./bob --json listen
`
