// A town to visit: `bin/amtsweg demo` on a free port, with a data folder of its own that goes when the story ends.
import { spawn, execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const built = new URL('../bin/amtsweg', import.meta.url).pathname

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise(done => probe.once('listening', done))
  const { port } = probe.address()
  await new Promise(done => probe.close(done))
  return port
}

export class Town {
  constructor(url, binary = built) {
    this.url = url
    this.binary = binary
    this.log = ''
  }

  // start opens a fresh demo world and waits until it is ready.
  static async start(binary) {
    const port = await freePort()
    const town = new Town(`http://localhost:${port}`, binary)
    town.data = await mkdtemp(join(tmpdir(), 'amtsweg-journey-'))
    town.process = spawn(town.binary, ['demo', '--listen', `localhost:${port}`, '--data', town.data], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [town.process.stdout, town.process.stderr]) stream.on('data', text => { town.log += text })
    town.ended = new Promise(done => town.process.once('exit', (code, signal) => done({ code, signal })))
    await town.#ready()
    return town
  }

  async #ready() {
    const limit = AbortSignal.timeout(30_000)
    let over
    this.ended.then(end => { over = end })
    while (!over && !limit.aborted) {
      const answer = await fetch(`${this.url}/readyz`, { signal: limit }).catch(() => null)
      if (answer?.ok) return
      await new Promise(next => setTimeout(next, 50))
    }
    const log = this.log
    await this.stop().catch(() => {})
    throw new Error(`the town did not open${over ? ` (exit ${over.code ?? over.signal})` : ' within 30 s'}:\n${log}`)
  }

  // complaints are the errors the town has logged lately.
  complaints() {
    const lines = this.log.split('\n').filter(l => /level=ERROR|"level":"ERROR"/.test(l)).slice(-5)
    return lines.length ? `\nthe town complains:\n${lines.join('\n')}` : ''
  }

  // amtsweg runs another command of the binary and returns what it printed.
  async amtsweg(...args) {
    return (await promisify(execFile)(this.binary, args, { maxBuffer: 64 << 20 })).stdout
  }

  // stop asks the town to close, which must end well and in time.
  async stop() {
    if (!this.process) return
    this.process.kill('SIGTERM')
    const late = setTimeout(() => this.process.kill('SIGKILL'), 15_000)
    const { code, signal } = await this.ended
    clearTimeout(late)
    await rm(this.data, { recursive: true, force: true })
    if (code !== 0) throw new Error(`the town ended with ${code ?? signal}:\n${this.log.slice(-4000)}`)
  }
}
