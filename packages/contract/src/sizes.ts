/** Byte lengths of the records of QSM/1 (docs/protocol.md section 3), by which base64 fields are bounded. */
const signature = 730
/** Everything of a DeviceRecord but its list of suites (2 bytes for each of 1 to 16). */
const deviceFixed = 1 + 2 + 16 + 4 + 1 + 8 + 8 + 962 + 1 + signature
const requestFixed = 1 + 1 + 16 + 16 + 4 + 16 + 8 + 8 + 32 + 65 + 4 + 1184 + 4 + signature
const responseFixed = 1 + 1 + 16 + 16 + 4 + 16 + 4 + 8 + 32 + 65 + 1088 + 4 + 1184 + 32 + 4 + 32 + signature
const minDevice = deviceFixed + 2
const maxDevice = deviceFixed + 2 * 16

export const recordBytes = Object.freeze({
  device: { min: minDevice, max: maxDevice },
  prekey: 1_992,
  bundle: { min: 1 + 4 + minDevice + 1_992, max: 1 + 4 + maxDevice + 1_992 },
  request: { min: requestFixed + minDevice, max: requestFixed + maxDevice },
  response: { min: responseFixed + minDevice, max: responseFixed + maxDevice },
})
