/**
 * Passwords of eight characters and more that guessing programs try first, folded to lower case. Refused in production.
 * Counted often in published breach statistics; kept short on purpose, since the rate limit is the real defence.
 */
const words = `
password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword pa55word passwort passwords
12345678 123456789 1234567890 0123456789 12345678910 123123123 123321123 112233445566 11223344 11111111 00000000
87654321 987654321 9876543210 66666666 88888888 99999999 22222222 55555555 77777777 12341234 12121212 13131313 10101010
12344321 123454321 147258369 159753456 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 q1w2e3r4 q1w2e3r4t5 qazwsxedc zaq12wsx zaq1zaq1
qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 asdfghjk asdfghjkl asdfasdf asdf1234 zxcvbnm1 zxcvbnm123
iloveyou iloveyou1 iloveyou2 loveyou1 sunshine sunshine1 princess princess1 football football1 baseball baseball1
superman superman1 batman123 starwars starwars1 trustno1 whatever whatever1 welcome1 welcome123 letmein1 letmein123
abcd1234 abc12345 abcdefgh abcdefg1 abcdefghi a1b2c3d4 aa123456 aaaaaaaa abc123456 admin123 admin1234 administrator
changeme changeme1 computer computer1 internet michael1 jennifer jennifer1 jessica1 charlie1 liverpool liverpool1 chelsea1
arsenal1 barcelona corvette mercedes midnight mustang1 dragon123 monkey123 master123 shadow123 hello123 freedom1 ashley12
secret123 test1234 testtest guest123 login123 default1 november december september samsung1 blink182 pokemon1 pokemon123
nintendo cheese123 chocolate cookie123 butterfly elephant scorpion victoria veronica alexander benjamin elizabeth samantha
christian danielle patricia caroline rockyou1 fuckyou1 fuckyou2 asshole1 bismillah marlboro garfield snoopy123 tinkerbell
`

const commonest: ReadonlySet<string> = new Set(words.split(/\s+/).filter(word => word !== ''))

/** Whether guessing programs would try this password among their first. */
export const isCommonPassword = (password: string): boolean => commonest.has(password.toLowerCase())
