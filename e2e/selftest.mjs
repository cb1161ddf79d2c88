// A journey that cannot fail shows nothing: every way in which a visitor notices a fault is tried on a page that has it.
import { createServer } from 'node:http'
import assert from 'node:assert/strict'
import { Visitor } from './visitor.mjs'

const frame = body => `<!doctype html><html lang="de"><title>Probe</title><main><h1>Probe</h1>${body}</main></html>`
const pages = {
  '/good': frame('<p>Guten Tag</p><label>Name <input></label> <button>Weiter</button><p hidden>Geheimnis</p>'),
  '/unlabelled': frame('<input>'),
  '/wide': frame('<p style="width:3000px">breit</p>'),
  '/throws': frame('<script>throw new Error("kaputt")</script>'),
  '/elsewhere': frame('<img alt="" src="http://127.0.0.2:9/pixel.png">'),
  '/missing': frame('<img alt="" src="/no-such-picture.png">'),
  '/blind': frame('<style>button:focus{outline:none}</style><button>Weiter</button>'),
  '/mouse-only': frame('<button tabindex="-1">Weiter</button>'),
  '/twice': frame('<button>Weiter</button><button>Weiter</button>'),
  '/noscript': frame('<p>vorher</p><script>document.querySelector("p").textContent = "nachher"</script>'),
}

export async function selftest(browser) {
  const server = createServer((request, response) => {
    const body = pages[request.url]
    if (request.url === '/favicon.ico') return response.writeHead(204).end()
    response.writeHead(body ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' }).end(body ?? frame('<p>Nicht da</p>'))
  }).listen(0, '127.0.0.1')
  await new Promise(done => server.once('listening', done))
  const town = { url: `http://127.0.0.1:${server.address().port}` }
  const visit = async (path, story, options) => {
    const v = await Visitor.arrive(browser, town, { file: 'selftest' }, options)
    v.context.setDefaultTimeout(700)
    try {
      await v.open(path)
      await story(v)
      await v.leave()
    } finally {
      await v.context.close()
    }
  }
  const refuses = (why, path, story, options) => assert.rejects(visit(path, story, options), why)
  const nothing = async () => {}
  try {
    for (const options of [{}, { mouse: false }, { scripts: false }, { width: 390, theme: 'dark' }]) {
      await visit('/good', async v => {
        await v.sees('Guten Tag')
        await v.doesNotSee('Geheimnis')
        await v.type('Name', 'Ada')
        await v.press('Weiter')
        await v.passes()
      }, options)
    }
    await visit('/noscript', v => v.sees('vorher'), { scripts: false })
    await visit('/nowhere', v => v.sees('Nicht da')) // a story may visit a page that is not there
    await refuses(/does not see „Tschüss“/, '/good', v => v.sees('Tschüss'))
    await refuses(/does not see „Geheimnis“/, '/good', v => v.sees('Geheimnis'))
    await refuses(/sees „Guten Tag“/, '/good', v => v.doesNotSee('Guten Tag'))
    await refuses(/is at \/good/, '/good', v => v.isAt('/elsewhere'))
    await refuses(/axe.*\n.*label/, '/unlabelled', v => v.passes())
    await refuses(/axe.*\n.*label/, '/unlabelled', v => v.passes(), { scripts: false })
    await refuses(/wider than the window/, '/wide', v => v.passes())
    await refuses(/kaputt/, '/throws', nothing)
    await refuses(/request to http:\/\/127\.0\.0\.2/, '/elsewhere', nothing)
    await refuses(/no-such-picture/, '/missing', nothing)
    await refuses(/cannot see the focus/, '/blind', v => v.press('Weiter'), { mouse: false })
    await refuses(/cannot reach/, '/mouse-only', v => v.press('Weiter'), { mouse: false })
    await refuses(/finds 2 times/, '/twice', v => v.press('Weiter'))
    await refuses(/finds no button/, '/good', v => v.press('Zurück'))
  } finally {
    await new Promise(done => server.close(done))
  }
}
