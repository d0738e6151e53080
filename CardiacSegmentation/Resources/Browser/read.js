
// The page with corrections. A hand's drag goes to the program as a line of places; the program answers with borders,
// numbers and findings. Commands go one after the other; one whose answer is lost is sent again under its number, and
// the program does it once. What other tabs do arrives by itself.

const tab = crypto.randomUUID()
const TOOLS = ['hand', 'pull', 'push', 'redraw', 'again']
const CHANGES = ['delete', 'smooth', 'snap', 'grow', 'shrink']
const MORE = ['copy-previous', 'copy-next', 'copy-above', 'copy-below', 'propose-phases', 'propose-slices', 'fill-phases', 'fill-slices', 'again', 'again-phase']
const SIZES = { pull: { low: 4, high: 40, mm: 15 }, push: { low: 2, high: 25, mm: 8 } }
const PREVIEWED = ['pull', 'push']
const FEWEST_MM = 0.7 // between two places of a line
const REFUSED = [400, 413] // what the program will not take however often it is sent
const LOOK_MS = 700 // an image shown so long was looked at
let tool = 'hand'
let sent = 0 // commands
let queue = Promise.resolve()
let drag = null // { line, phase, slice } from press to release
let pointer = null // where the mouse is, in pixels of the image
let asked = null // the image that the network looked at again, or its phase: what the next proposal is of

// To the program and back

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

async function post(path, message) {
  const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(message) })
  if (REFUSED.includes(response.status)) return { problem: await response.text(), revision: -1 }
  if (!response.ok) throw new Error(response.statusText)
  return response.json()
}

function command(name, details = {}) {
  queue = queue.then(async () => {
    const message = { ...details, command: name, tab, number: ++sent, run: study.run }
    const news = await untilHeard(() => post('command', { ...message, seen: study.revision }))
    adopt(news)
    tell(news.stale ? words.stale : news.problem ?? '')
    return news
  })
  return queue
}

async function untilHeard(ask) {
  for (;;) {
    try {
      const answer = await ask()
      byId('connection').hidden = true
      return answer
    } catch {
      byId('connection').hidden = false
      await pause(1000)
    }
  }
}

async function hearNews() {
  for (;;) adopt(await untilHeard(async () => {
    const response = await fetch(`news?${study.run}:${study.revision}`)
    if (!response.ok) throw new Error(response.statusText)
    return response.json()
  }))
}

function adopt(news) {
  if (news.reload) { location.reload(); return }
  if (news.revision < study.revision) return
  const changed = Object.keys(news.changed)
  if (changed.length && news.revision > study.revision) showProposal(null)
  for (const place of changed) {
    const [phase, slice] = place.split(',')
    study.contours[phase][slice] = news.changed[place]
    delete study.automatic[place]
    if (drag && drag.phase == phase && drag.slice == slice && news.revision > study.revision) drag = null
  }
  Object.assign(study.automatic, news.changedAutomatic)
  const isNew = news.revision > study.revision || JSON.stringify(news.reading) !== JSON.stringify(study.reading)
  study.revision = news.revision
  state = news.state
  study.reading = news.reading
  if (isNew) keepingFocus(() => { showState(); showReading() })
  if (news.place) goTo(news.place[0] ?? at.phase, news.place[1] ?? at.slice)
  else if (isNew) goTo(at.phase, at.slice, { quietly: playing })
}

function keepingFocus(show) {
  const { id } = document.activeElement
  show()
  if (id && document.activeElement.id !== id) byId(id)?.focus({ preventScroll: true })
}

function tell(text) {
  byId('problem').textContent = text
  byId('problem').hidden = !text
}

// Hands on borders

function placeAt(event) {
  const box = byId('image').getBoundingClientRect(), frame = shownFrame()
  return { x: frame.x + (event.clientX - box.left) / box.width * frame.columns, y: frame.y + (event.clientY - box.top) / box.height * frame.rows }
}

function inMm({ x, y }) {
  const { spacing, origin } = study.images
  return [(y - 0.5 + origin[0]) * spacing[0], (x - 0.5 + origin[1]) * spacing[1]]
}

function dragMessage() {
  const line = tool === 'pull' ? [drag.line[0], drag.line.at(-1)] : drag.line
  return { command: tool, phase: drag.phase, slice: drag.slice, line, reach: SIZES.pull.mm, radius: SIZES.push.mm,
    keepWall: byId('keep-wall').checked, border: tool === 'redraw' ? byId('border').value : '' }
}

function press(event) {
  if (tool === 'hand' || event.button !== 0) return
  if (study.reading.isSigned) { tell(words.locked); return }
  event.preventDefault()
  setPlaying(false)
  byId('image').focus({ preventScroll: true })
  byId('image').setPointerCapture(event.pointerId)
  drag = { line: [inMm(placeAt(event))], phase: at.phase, slice: at.slice, asking: false }
}

function move(event) {
  pointer = placeAt(event)
  if (drag) {
    const place = inMm(pointer), last = drag.line.at(-1)
    if (Math.hypot(place[0] - last[0], place[1] - last[1]) >= FEWEST_MM) {
      drag.line.push(place)
      if (PREVIEWED.includes(tool)) showPreview()
    }
  }
  if (drag || tool === 'push') draw()
}

async function showPreview() {
  const asking = drag
  if (asking.asking) { asking.again = true; return }
  asking.asking = true
  try {
    const { borders } = await post('preview', dragMessage())
    if (drag === asking && borders) { preview = borders; draw() }
  } catch { /* the command itself will tell */ }
  asking.asking = false
  if (asking.again && drag === asking) { asking.again = false; showPreview() }
}

async function release() {
  if (!drag) return
  if (tool === 'again') { askAgain({ line: [drag.line[0], drag.line.at(-1)] }); drag = null; draw(); return }
  const message = dragMessage(), moved = drag.line.length > 1
  drag = null
  if (moved) await command(tool, message)
  if (!drag) { preview = null; draw() }
}

overlay = (context, scale) => {
  const { spacing, origin } = study.images
  context.strokeStyle = '#fff'
  context.lineWidth = 1.4 / scale
  if (tool === 'push' && pointer) {
    context.beginPath()
    context.ellipse(pointer.x, pointer.y, SIZES.push.mm / spacing[1], SIZES.push.mm / spacing[0], 0, 0, 2 * Math.PI)
    context.stroke()
  }
  if (drag && tool === 'again') {
    const [from, to] = [drag.line[0], drag.line.at(-1)].map(([row, column]) => [column / spacing[1] - origin[1] + 0.5, row / spacing[0] - origin[0] + 0.5])
    context.strokeRect(from[0], from[1], to[0] - from[0], to[1] - from[1])
  }
  if (drag && tool === 'redraw') {
    context.beginPath()
    for (const [row, column] of drag.line) context.lineTo(column / spacing[1] - origin[1] + 0.5, row / spacing[0] - origin[0] + 0.5)
    context.stroke()
  }
}

function chooseTool(name) {
  tool = name
  TOOLS.forEach(each => byId(`tool-${each}`).setAttribute('aria-pressed', each === name))
  const size = SIZES[name]
  byId('size-box').hidden = !size
  if (size) Object.assign(byId('size'), { min: size.low, max: size.high, value: size.mm })
  byId('keep-wall-box').hidden = name !== 'pull'
  byId('border-box').hidden = name !== 'redraw'
  byId('image').style.cursor = name === 'hand' ? 'default' : 'crosshair'
  draw()
}

// Panels

function button(id, text, onclick) { return make('button', { id, onclick }, text) }

function select(id, choices, onchange) {
  const element = make('select', { id }, ...choices.map(([value, text]) => make('option', { value }, text)))
  if (onchange) element.addEventListener('change', onchange)
  return element
}

function buildTools() {
  const here = () => ({ phase: at.phase, slice: at.slice })
  const copyFrom = (along, step) => command('copy', { ...here(), along, step, structure: byId('structure').value })
  const change = name => button(name, words[name], () => command(name, { ...here(), structure: byId('structure').value }))
  const structures = [['', words.all], ...Object.keys(study.structures).map(name => [name, name])]
  const row = (className, ...children) => make('div', { className }, ...children)
  byId('tools').append(
    row('row', ...TOOLS.map(name => button(`tool-${name}`, words[name], () => chooseTool(name))),
      button('whole', words.wholeImage, toggleWhole)),
    row('row options',
      make('label', { id: 'size-box' }, `${words.size} `, make('input', { id: 'size', type: 'range', oninput: event => { SIZES[tool].mm = Number(event.target.value); draw() } })),
      make('label', { id: 'keep-wall-box' }, make('input', { id: 'keep-wall', type: 'checkbox' }), ` ${words.keepWall}`),
      make('label', { id: 'border-box' }, `${words.border} `, select('border', [['', words.nearest], ['endo', words.endo], ['epi', words.epi], ['rv', words.rvBorder]])),
      make('span', { id: 'looked-at', className: 'quiet' })),
    row('halves', button('undo', '', () => command('undo')), button('redo', '', () => command('redo'))))
  byId('stage').after(make('div', { id: 'proposal', className: 'row', role: 'status', hidden: true }, make('span', { id: 'proposal-text' }),
      button('take', words.take, () => command('take').then(() => showProposal(null))), button('next', words.next, showNext),
      button('leave', words.leave, () => showProposal(null))))
  byId('controls').after(make('div', { id: 'more-tools' },
    row('row', select('structure', structures), ...CHANGES.map(change)),
    row('row', button('copy-previous', words.copyPrevious, () => copyFrom('phases', -1)), button('copy-next', words.copyNext, () => copyFrom('phases', 1)),
      button('copy-above', words.copyAbove, () => copyFrom('slices', -1)), button('copy-below', words.copyBelow, () => copyFrom('slices', 1))),
    row('row', button('propose-phases', words.proposePhases, () => propose('phases')), button('propose-slices', words.proposeSlices, () => propose('slices')),
      button('fill-phases', words.fillPhases, () => propose('phases', true)), button('fill-slices', words.fillSlices, () => propose('slices', true))),
    row('row', button('again', words.againHere, () => askAgain()), button('again-phase', words.againPhase, () => askAgain({ wholePhase: true })))))
  byId('stage').append(make('p', { id: 'problem', role: 'alert', hidden: true }))
  byId('keys').append(` ${words.readKeys}`)
  byId('structure').setAttribute('aria-label', words.structure)
  byId('tools').hidden = false
  TOOLS.forEach((name, place) => { KEYS[place + 1] = () => chooseTool(name) })
  KEYS.z = toggleWhole
  KEYS.a = () => asked === `${at.phase},${at.slice}` && !byId('next').hidden ? showNext() : askAgain()
  addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || isWriting(event.target)) return
    const key = event.key.toLowerCase()
    const wanted = key === 'y' || (key === 'z' && event.shiftKey) ? 'redo' : key === 'z' ? 'undo' : ''
    if (wanted) { event.preventDefault(); command(wanted) }
  })
  const image = byId('image')
  image.addEventListener('pointerdown', press)
  image.addEventListener('pointermove', move)
  image.addEventListener('pointerup', release)
  image.addEventListener('pointercancel', () => { drag = preview = null; draw() })
  image.addEventListener('pointerleave', () => { pointer = null; draw() })
}

// What would change is shown in its images until it is taken over or left.
async function propose(along, isFill = false) {
  const news = await command('propose', { phase: at.phase, slice: at.slice, along, fill: isFill })
  if (!news.proposal) return
  const count = Object.keys(news.proposal).length
  showProposal(news.proposal, count === 1 ? words.proposed_image : fill(words.proposed_images, { count }))
}

// The network looks again at the image shown, or its phase; `line` says where.
async function askAgain(details = {}) {
  if (study.reading.isSigned) { tell(words.locked); return }
  setPlaying(false)
  const { phase, slice } = at
  showProposal({}, words.lookingAgain)
  const news = await command('again', { phase, slice, ...details })
  showAnswer(news)
  asked = details.wholePhase ? null : `${phase},${slice}`
}

async function showNext() { showAnswer(await command('next')) }

function showAnswer({ proposal, count, number, drawn }) {
  if (!proposal) { showProposal(null); return }
  const changes = Object.keys(proposal).length
  const what = changes > 1 ? fill(words.changes, { count: changes }) : drawn.join(', ') || words.noHeart
  showProposal(proposal, count ? fill(words.proposed_again, { number, count, what }) : words.nothingElse, count > 1)
}

function showProposal(proposal, text = '', hasNext = false) {
  proposed = proposal ?? {}
  byId('proposal').hidden = !proposal
  byId('proposal-text').textContent = text
  byId('take').disabled = !Object.keys(proposed).length
  byId('next').hidden = !hasNext
  draw()
}

function toggleWhole() {
  study.whole = !study.whole
  byId('whole').setAttribute('aria-pressed', study.whole)
  draw()
}

function buildDecisions() {
  const parts = study.parts.map(([name, title]) => make('label', {}, make('input', { type: 'checkbox', name, checked: true }), ` ${title}`))
  byId('decisions').append(
    make('h2', {}, words.decisions),
    make('div', { className: 'columns' },
      make('div', {}, make('h3', {}, words.counts), make('label', {}, make('input', { id: 'all-phases', type: 'checkbox' }), ` ${words.allPhases}`), make('table', { id: 'grid' })),
      make('div', {}, make('h3', {}, words.keyPhases), make('table', { id: 'key-phases' }), make('div', { id: 'choices' })),
      make('div', {},
        make('label', { className: 'wide' }, words.reader, make('input', { id: 'reader', type: 'text', autocomplete: 'name', onchange: event => command('reader', { text: event.target.value }) })),
        make('label', { className: 'wide' }, words.impression, make('textarea', { id: 'impression', rows: 4, onchange: event => command('impression', { text: event.target.value }) })),
        button('sign', words.sign, () => command('sign')), button('unlock', words.unlock, () => command('unlock'))),
      make('div', {}, make('h3', {}, words.results), make('div', { id: 'parts' }, ...parts), button('write', words.write, writeResults), make('ul', { id: 'files' }))))
  byId('decisions').setAttribute('aria-label', words.decisions)
  byId('decisions').hidden = false
}

async function writeResults() {
  byId('write').textContent = words.writing
  await command('export', { parts: [...byId('parts').querySelectorAll('input:checked')].map(input => input.name) })
  byId('write').textContent = words.write
}

function showReading() {
  const reading = study.reading, locked = reading.isSigned
  for (const name of ['undo', 'redo']) {
    byId(name).textContent = `${words[name]}: ${reading[name] || words.nothing}`
    byId(name).title = reading[name]
    byId(name).disabled = !reading[name] || locked
  }
  for (const id of [...CHANGES, ...MORE, 'reader', 'impression', 'sign']) byId(id).disabled = locked
  byId('unlock').disabled = !locked
  for (const id of ['reader', 'impression']) if (document.activeElement !== byId(id)) byId(id).value = reading[id]
  const places = state.moments.flatMap(({ phase }) => Array.from({ length: study.slices }, (_, slice) => `${phase},${slice}`))
  byId('looked-at').textContent = fill(words.lookedAt, { count: places.filter(place => reading.lookedAt.includes(place)).length, total: places.length })
  showGrid(locked)
  showKeyPhases(locked)
  byId('choices').replaceChildren(...Object.entries(reading.conventions).map(([name, { value, choices }]) => {
    const list = select(`choice-${name}`, choices, event => command('convention', { name, value: event.target.value }))
    Object.assign(list, { value, disabled: locked })
    return make('label', { className: 'wide' }, words[name], list)
  }))
  byId('files').replaceChildren(...reading.files.map(name => make('li', {}, make('a', { href: `files/${name}`, download: name }, name))))
}

function showGrid(locked) {
  const columns = ['LV', 'RV'].flatMap(structure => ['ed', 'es'].map(moment => ({ structure, moment, phase: state.keyPhases[`${structure.toLowerCase()}_${moment}`] })))
    .filter(({ phase }) => phase !== null)
  const head = make('thead', {}, make('tr', {}, make('th', {}, words.slice), ...columns.map(({ structure, moment }) => make('th', { scope: 'col' }, `${structure} ${moment.toUpperCase()}`))))
  const rows = Array.from({ length: study.slices }, (_, slice) => make('tr', {}, make('th', { scope: 'row' }, slice + 1), ...columns.map(({ structure, moment, phase }) => {
    const label = `${structure} ${moment.toUpperCase()}, ${words.slice} ${slice + 1}`
    const box = make('input', { id: `count-${structure}-${moment}-${slice}`, type: 'checkbox', disabled: locked, checked: state.counted[structure][phase][slice] === '1', 'aria-label': label })
    box.addEventListener('change', () => command('count', { structure, phase, slice, counts: box.checked, allPhases: byId('all-phases').checked }))
    return make('td', {}, box)
  })))
  byId('grid').replaceChildren(head, make('tbody', {}, ...rows))
}

function showKeyPhases(locked) {
  byId('key-phases').replaceChildren(make('tbody', {}, ...Object.entries(state.keyPhases).map(([name, phase]) => {
    const isFixed = study.reading.fixed.includes(name), text = name.replace('_', ' ').toUpperCase()
    const use = button(`use-${name}`, words.useThis, () => command('key-phase', { name, phase: at.phase }))
    const free = button(`free-${name}`, words.automatic, () => command('key-phase', { name, phase: null }))
    use.disabled = locked
    free.disabled = locked || !isFixed
    return make('tr', {}, make('th', { scope: 'row' }, text), make('td', {}, phase === null ? '–' : phase + 1),
      make('td', { className: 'range' }, isFixed ? words.fixed : words.proposed), make('td', {}, use, free))
  })))
}

function tickOf(finding) {
  const box = make('input', { id: `tick-${finding.key}`, type: 'checkbox', checked: finding.ticked, disabled: study.reading.isSigned, 'aria-label': fill(words.tick, finding) })
  box.addEventListener('change', () => command('tick', { key: finding.key, seen: box.checked }))
  return box
}

function watchLooks() {
  let timer = 0
  listeners.push(quietly => {
    clearTimeout(timer)
    if (quietly) return
    const { phase, slice } = at
    timer = setTimeout(() => {
      if (!study.reading.isSigned && !study.reading.lookedAt.includes(`${phase},${slice}`) && !drag) command('look', { phase, slice })
    }, LOOK_MS)
  })
}

// Until there is a study

async function waitForStudy() {
  byId('whose').textContent = words.opening
  const bar = make('progress', { max: 1, id: 'progress' }), text = make('p', { role: 'status', id: 'progress-text' })
  byId('stage').replaceChildren(bar, text)
  for (const id of ['controls', 'results', 'pictures', 'basis', 'signed']) byId(id).hidden = true
  byId('disclaimer').textContent = study.disclaimer
  for (;;) {
    const progress = await untilHeard(async () => (await fetch('progress')).json())
    if (progress.ready) { location.reload(); return }
    bar.value = progress.fraction
    text.textContent = progress.problem || progress.message
    if (progress.problem) return
    await pause(300)
  }
}

function startReading() {
  document.body.prepend(make('p', { id: 'connection', role: 'alert', hidden: true }, words.connection))
  if (!study.images) { waitForStudy(); return }
  buildTools()
  buildDecisions()
  showReading()
  chooseTool('hand')
  watchLooks()
  hearNews()
}

startReading()
