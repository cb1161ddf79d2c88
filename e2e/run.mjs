// node e2e/run.mjs [--pictures] [--at URL] [--binary FILE] [WORD…]: tells the journeys (those whose file or name has one
// of the words) in Chromium. Each file has a demo world of its own, made by bin/amtsweg or FILE; --at uses a running one.
import { readdir, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { Town } from './town.mjs'
import { Visitor } from './visitor.mjs'
import { selftest } from './selftest.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: {
  pictures: { type: 'boolean' }, at: { type: 'string' }, binary: { type: 'string' },
} })
const here = new URL('.', import.meta.url).pathname

const executablePath = ['chromium', 'chromium-browser', 'google-chrome'].map(n => `/usr/bin/${n}`).find(existsSync)
if (!executablePath) {
  console.error('no Chromium found: apt-get install chromium')
  process.exit(1)
}
// Nothing but our own pages: without these flags Chromium looks for updates and accounts elsewhere.
const browser = await chromium.launch({
  executablePath, headless: true, chromiumSandbox: false,
  args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})

let failed = 0
async function tell(file, name, story) {
  const begin = performance.now()
  const say = (word, why = '') => console.log(`  ${word.padEnd(6)} ${String(Math.round(performance.now() - begin)).padStart(6)} ms  ${file}: ${name}${why}`)
  try {
    await story()
    say('ok')
  } catch (e) {
    failed++
    say('FAILED', `\n    ${(e.stack ?? String(e)).replaceAll('\n', '\n    ')}`)
  }
}

const wanted = (file, name) => positionals.length === 0 || positionals.some(w => file.includes(w) || name.includes(w))

await rm(`${here}shots`, { recursive: true, force: true })
if (wanted('selftest', '')) await tell('selftest', 'what is wrong is seen', () => selftest(browser))
for (const entry of (await readdir(`${here}journeys`)).filter(f => f.endsWith('.mjs')).sort()) {
  const file = entry.replace(/\.mjs$/, '')
  const { default: stories } = await import(`./journeys/${entry}`)
  const chosen = Object.entries(stories).filter(([name]) => wanted(file, name))
  if (chosen.length === 0) continue
  let town
  await tell(file, 'the town opens', async () => { town = values.at ? new Town(values.at) : await Town.start(values.binary) })
  if (!town) continue
  for (const [name, story] of chosen) {
    await tell(file, name, async () => {
      const visitors = []
      const visitor = async options => {
        const v = await Visitor.arrive(browser, town, { file, pictures: values.pictures }, options)
        visitors.push(v)
        return v
      }
      try {
        await story({ town, visitor })
      } catch (e) {
        for (const v of visitors) await v.context.close()
        e.stack += town.complaints()
        throw e
      }
      for (const v of visitors) await v.leave()
    })
  }
  await tell(file, 'the town closes', () => town.stop())
}
await browser.close()
process.exitCode = failed ? 1 : 0
