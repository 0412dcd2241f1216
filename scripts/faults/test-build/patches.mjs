/** What the test build of the message pod has otherwise: each `find` stands exactly once in its source. */
export const patches = {
  'send/send.ts': [
    {
      find: '    const hash = hashOf(request)\n',
      replace: "    planted.pass('after-parse')\n    const hash = hashOf(request)\n",
    },
    {
      find: '    const committed = await storeTraced(checked)\n',
      replace: `    if (planted.has('acknowledge-before-commit')) {
      const { send } = checked
      setTimeout(() => storeTraced(checked).then(committed => tell(send, committed), () => {}), planted.lateMs)
      const devices = send.parcels.map(({ userId, deviceId }) => ({ user_id: userId, device_id: deviceId, sequence: 1 }))
      return { devices, receivedAt: send.receivedAt }
    }
    const committed = await storeTraced(checked)
    planted.pass('after-commit')
`,
    },
    {
      find: "      context.bus.publish({ kind: 'mailbox', user_id, device_id, sequence, ...trace }, podAddressOf(socketId))\n",
      replace:
        "      planted.afterAnswer(() => context.bus.publish({ kind: 'mailbox', user_id, device_id, sequence, ...trace }, podAddressOf(socketId)))\n",
    },
  ],
  'send/store-sends.ts': [
    {
      find: 'await database.query<NumberedRow>({ name, text: statement }, valuesOf(sends))',
      replace: 'await planted.storeAndCommit(database, { name, text: statement }, valuesOf(sends))',
    },
    {
      find: '  const rows = await query<NumberedRow>(statement, valuesOf([send]))\n',
      replace: `  const rows = await planted.store(query, statement, valuesOf([send]))
  planted.pass('after-insert')
`,
    },
    {
      find: `  SELECT user_id, device_id, next_sequence, socket_id FROM message.mailbox
  WHERE (user_id, device_id) IN (SELECT user_id, device_id FROM item) AND NOT closed
  ORDER BY user_id, device_id FOR UPDATE
`,
      replace: `  \${planted.has('max-id-cursor') ? planted.takenBefore : \`
  SELECT user_id, device_id, next_sequence, socket_id FROM message.mailbox
  WHERE (user_id, device_id) IN (SELECT user_id, device_id FROM item) AND NOT closed
  ORDER BY user_id, device_id FOR UPDATE\`}
`,
    },
    {
      find: `  UPDATE message.mailbox m SET next_sequence = n.last + 1
  FROM (SELECT user_id, device_id, max(sequence) AS last FROM numbered GROUP BY 1, 2) n
  WHERE m.user_id = n.user_id AND m.device_id = n.device_id
`,
      replace: `  \${planted.has('max-id-cursor') ? 'SELECT 1' : \`
  UPDATE message.mailbox m SET next_sequence = n.last + 1
  FROM (SELECT user_id, device_id, max(sequence) AS last FROM numbered GROUP BY 1, 2) n
  WHERE m.user_id = n.user_id AND m.device_id = n.device_id\`}
`,
    },
    {
      find: 'body FROM send WHERE body IS NOT NULL\n',
      replace: `body FROM send WHERE body IS NOT NULL\${planted.onConflict}\n`,
    },
    {
      find: '  WHERE n.sid IS NOT NULL\n',
      replace: `  WHERE n.sid IS NOT NULL\${planted.onConflict}\n`,
    },
    { find: '  ) a USING (send)\n', replace: `  ) a USING (send)\${planted.onConflict}\n` },
  ],
  'send/load-facts.ts': [
    {
      find: 'earlier: known ? earlierOf(known) : null,',
      replace: "earlier: known && !planted.has('no-dedupe') ? earlierOf(known) : null,",
    },
    {
      find: 'isRepeat: question.parcels.some(',
      replace: "isRepeat: !planted.has('no-dedupe') && question.parcels.some(",
    },
  ],
  'socket/delivery.ts': [
    {
      find: '    this.#cursor = options.start.acked\n',
      replace: `    const isForgetful = planted.has('redis-only') || planted.has('restart-without-cursor')
    this.#cursor = isForgetful ? this.#backlogEnd : options.start.acked
`,
    },
    {
      find: '    for (const item of items) this.#hand(item)\n',
      replace: `    for (const [index, item] of items.entries()) {
      this.#hand(item)
      const isWithin = !this.#announced && index + 1 < items.length
      if (isWithin && planted.isArmed('within-catch-up-page')) await planted.passInNextTurn('within-catch-up-page')
    }
`,
    },
    {
      find: '    if (sequence <= this.#cursor) return\n',
      replace: `    if (planted.has('redis-only')) {
      if (sequence === Number.POSITIVE_INFINITY) return
      this.#cursor = Math.max(this.#cursor, sequence - 1)
    }
    if (sequence <= this.#cursor) return
`,
    },
  ],
}
