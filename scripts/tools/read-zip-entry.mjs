import { inflateRawSync } from 'node:zlib'

const endSignature = 0x06054b50
const entrySignature = 0x02014b50

/** One file of a ZIP archive (APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; no ZIP64). Throws where it is not in it. */
export const readZipEntry = (archive, name) => {
  let end = archive.length - 22
  while (end >= 0 && archive.readUInt32LE(end) !== endSignature) end -= 1
  if (end < 0) throw new Error('no ZIP archive: the end of its directory is missing')
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0 && archive.readUInt32LE(at) === entrySignature; left -= 1) {
    const nameBytes = archive.readUInt16LE(at + 28)
    if (archive.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      const header = archive.readUInt32LE(at + 42)
      const begin = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28)
      const packed = archive.subarray(begin, begin + archive.readUInt32LE(at + 20))
      return archive.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed)
    }
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error(`${name} is not in the archive`)
}
