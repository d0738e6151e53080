
// The tools on contours, with the names, keys and sizes that they have in Slicer. What a drag does is worked out by the
// program: it is sent every place that the hand passed, and shows what comes back until the hand lets go.

const TOOLS = ['hand', 'pull', 'push', 'points', 'redraw', 'again']
const KEY_OF = { pull: 1, push: 2, points: 3, redraw: 4, again: 9 } // 5 to 8 are tools on pixels, which only Slicer has
const SIZES = { pull: { low: 4, high: 60, mm: 15 }, push: { low: 2, high: 40, mm: 8 }, points: { low: 4, high: 40, mm: 12 } }
const SIZE_STEP_MM = 2
const CHANGES = ['smooth', 'snap', 'grow', 'shrink']
const STEPS = { 'copy-previous': [-1, 0], 'copy-next': [1, 0], 'copy-above': [0, -1], 'copy-below': [0, 1] } // phases, slices
const PROPOSED = ['propose-phases', 'propose-slices', 'fill-phases', 'fill-slices', 'again', 'again-phase']
const LEFT = 'LV+MYO'
let tool = 'hand'
let drag = null // { line, phase, slice, shift, points } from press to release
let pointer = null // where the mouse is, in pixels of the image
let asked = null // the image that the network looked at again, or its phase: what the next proposal is of

// From press to release

function placeAt(event) {
  const box = byId('image').getBoundingClientRect(), frame = shownFrame()
  return { x: frame.x + (event.clientX - box.left) / box.width * frame.columns, y: frame.y + (event.clientY - box.top) / box.height * frame.rows }
}

function inMm({ x, y }) {
  const { spacing, origin } = study.images
  return [(y - 0.5 + origin[0]) * spacing[0], (x - 0.5 + origin[1]) * spacing[1]]
}

function inPixels([row, column]) {
  const { spacing, origin } = study.images
  return [column / spacing[1] - origin[1] + 0.5, row / spacing[0] - origin[0] + 0.5]
}

function dragMessage() {
  const { line, phase, slice, shift } = drag, ends = [line[0], line.at(-1)]
  return { command: tool, phase, slice, ...{
    pull: { line: ends, reach: SIZES.pull.mm, keepWall: shift || byId('keep-wall').checked },
    push: { line, radius: SIZES.push.mm },
    points: { line: ends, every: SIZES.points.mm, delete: shift },
    redraw: { line, border: byId('border').value },
  }[tool] }
}

function press(event) {
  if (tool === 'hand' || event.button !== 0) return
  if (study.reading.isSigned) { tell(words.locked); return }
  event.preventDefault()
  setPlaying(false)
  byId('image').focus({ preventScroll: true })
  byId('image').setPointerCapture(event.pointerId)
  drag = { line: [inMm(placeAt(event))], phase: at.phase, slice: at.slice, shift: event.shiftKey, points: [] }
  if (tool === 'points') showPreview()
}

function move(event) {
  pointer = placeAt(event)
  if (drag) {
    const place = inMm(pointer), last = drag.line.at(-1)
    drag.shift = event.shiftKey
    if (place[0] !== last[0] || place[1] !== last[1]) drag.line.push(place)
    if (SIZES[tool]) showPreview()
  }
  if (drag || tool === 'push') draw()
}

async function showPreview() {
  const asking = drag
  if (asking.asking) { asking.again = true; return }
  asking.asking = true
  try {
    const { borders, points } = await post('preview', dragMessage())
    if (drag === asking && borders) { preview = borders; drag.points = points; draw() }
  } catch { /* the command itself will tell */ }
  asking.asking = false
  if (asking.again && drag === asking) { asking.again = false; showPreview() }
}

async function release() {
  if (!drag) return
  if (tool === 'again') { askAgain({ line: [drag.line[0], drag.line.at(-1)], wholePhase: drag.shift }); drag = null; draw(); return }
  const message = dragMessage(), changes = drag.line.length > 1 || message.delete
  drag = null
  if (changes) await command(tool, message)
  if (!drag) { preview = null; draw() }
}

function letGo() {
  if (!drag) { chooseTool('hand'); return }
  drag = preview = null
  draw()
}

// A drag belongs to its image: who goes to another one lets go of it.
function letGoElsewhere() {
  if (!drag || (drag.phase === at.phase && drag.slice === at.slice)) return
  drag = preview = null
  draw()
}

overlay = (context, scale) => {
  const { spacing } = study.images
  context.strokeStyle = context.fillStyle = '#fff'
  context.lineWidth = 1.4 / scale
  if (tool === 'push' && pointer) {
    context.beginPath()
    context.ellipse(pointer.x, pointer.y, SIZES.push.mm / spacing[1], SIZES.push.mm / spacing[0], 0, 0, 2 * Math.PI)
    context.stroke()
  }
  if (drag && tool === 'again') {
    const [from, to] = [drag.line[0], drag.line.at(-1)].map(inPixels)
    context.strokeRect(from[0], from[1], to[0] - from[0], to[1] - from[1])
  }
  if (drag && tool === 'redraw') {
    context.beginPath()
    for (const place of drag.line) context.lineTo(...inPixels(place))
    context.stroke()
  }
  for (const place of drag?.points ?? []) {
    context.beginPath()
    context.arc(...inPixels(place), 4 / scale, 0, 2 * Math.PI)
    context.fill()
  }
}

canSwipe = () => tool === 'hand'

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

function changeSize(steps) {
  const size = SIZES[tool]
  if (!size) return
  size.mm = clamp(size.mm + steps * SIZE_STEP_MM, size.low, size.high)
  byId('size').value = size.mm
  if (drag) showPreview()
  draw()
}

// On the image that is shown

const here = () => ({ phase: at.phase, slice: at.slice })
const change = name => command(name, { ...here(), structure: byId('structure').value })
const copyFrom = name => command('copy', { ...here(), step: STEPS[name], structure: byId('structure').value })
const deleteHere = (structure, allPhases = false) => command('delete', { ...here(), structure, allPhases })

// What would change is shown in its images until it is taken over or left.
async function propose(along, isFill = false) {
  const news = await command('propose', { ...here(), along, fill: isFill })
  if (!news.proposal) return
  const count = Object.keys(news.proposal).length
  const text = count === 1 ? words.proposed_image : fill(words.proposed_images, { count })
  showProposal(news.proposal, `${text} ${news.details}`)
}

// The network looks again at the image shown, or its phase; `line` says where.
async function askAgain(details = {}) {
  if (study.reading.isSigned) { tell(words.locked); return }
  setPlaying(false)
  const { phase, slice } = at
  showProposal({}, words.lookingAgain)
  const news = await command('again', { phase, slice, ...details })
  showAnswer(news)
  asked = details.wholePhase ? `${phase}` : `${phase},${slice}`
}

// A key asks about the slice shown, or its phase; where proposals of that are shown already, for the next one.
function askOrNext(wholePhase) {
  const about = wholePhase ? `${at.phase}` : `${at.phase},${at.slice}`
  if (asked === about && !byId('next').hidden) showNext()
  else askAgain({ wholePhase })
}

async function showNext() { showAnswer(await command('next')) }

function showAnswer({ proposal, count, number, drawn }) {
  if (!proposal) { showProposal(null); return }
  const changes = Object.keys(proposal).length
  const what = changes > 1 ? fill(words.changes, { count: changes }) : drawn.join(', ') || words.noHeart
  showProposal(proposal, count ? fill(words.proposed_again, { number, count, what }) : words.nothingElse, count > 1)
}

function takeProposal() {
  if (Object.keys(proposed).length) command('take').then(() => showProposal(null))
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

// Buttons and keys

function buildTools() {
  const structures = [['', words.all], [LEFT, words.left], ...Object.keys(study.structures).map(name => [name, name])]
  const row = (className, ...children) => make('div', { className }, ...children)
  byId('tools').append(
    row('row', ...TOOLS.map(name => button(`tool-${name}`, words[name], () => chooseTool(name))), button('whole', words.wholeImage, toggleWhole)),
    row('row options',
      make('label', { id: 'size-box' }, `${words.size} `, make('input', { id: 'size', type: 'range', oninput: event => { SIZES[tool].mm = Number(event.target.value); draw() } })),
      make('label', { id: 'keep-wall-box' }, make('input', { id: 'keep-wall', type: 'checkbox' }), ` ${words.keepWall}`),
      make('label', { id: 'border-box' }, `${words.border} `, select('border', [['', words.nearest], ['endo', words.endo], ['epi', words.epi], ['rv', words.rvBorder]])),
      make('span', { id: 'looked-at', className: 'quiet' })),
    row('halves', button('undo', '', () => command('undo')), button('redo', '', () => command('redo'))))
  byId('stage').after(make('div', { id: 'proposal', className: 'row', role: 'status', hidden: true }, make('span', { id: 'proposal-text' }),
    button('take', words.take, takeProposal), button('next', words.next, showNext), button('leave', words.leave, () => showProposal(null))))
  byId('controls').after(make('div', { id: 'more-tools' },
    row('row', select('structure', structures), button('delete', words.delete, () => change('delete')), button('delete-phases', words.deletePhases, () => deleteHere(byId('structure').value, true)), ...CHANGES.map(name => button(name, words[name], () => change(name)))),
    row('row', make('span', {}, words.copyFrom), ...Object.keys(STEPS).map(name => button(name, words[name], () => copyFrom(name)))),
    row('row', button('propose-phases', words.proposePhases, () => propose('phases')), button('propose-slices', words.proposeSlices, () => propose('slices')),
      button('fill-phases', words.fillPhases, () => propose('phases', true)), button('fill-slices', words.fillSlices, () => propose('slices', true))),
    row('row', button('again', words.againHere, () => askAgain()), button('again-phase', words.againPhase, () => askAgain({ wholePhase: true })))))
  byId('stage').append(make('p', { id: 'problem', role: 'alert', hidden: true }))
  byId('keys').after(make('details', { id: 'tool-keys', className: 'quiet' }, make('summary', {}, words.toolKeys), words.readKeys))
  byId('structure').setAttribute('aria-label', words.structure)
  byId('tool-points').title = words.pointsHelp
  byId('tools').hidden = false
  listenToKeys()
  listeners.push(letGoElsewhere)
  const image = byId('image')
  image.addEventListener('pointerdown', press)
  image.addEventListener('pointermove', move)
  image.addEventListener('pointerup', release)
  image.addEventListener('pointercancel', () => { drag = preview = null; draw() })
  image.addEventListener('pointerleave', () => { pointer = null; draw() })
}

function chooseNextStructure() {
  const box = byId('structure')
  box.selectedIndex = (box.selectedIndex + 1) % box.options.length
}

function listenToKeys() {
  for (const [name, key] of Object.entries(KEY_OF)) KEYS[key] = () => chooseTool(tool === name ? 'hand' : name)
  Object.assign(KEYS, {
    z: toggleWhole, Escape: letGo, '[': () => changeSize(-1), ']': () => changeSize(1),
    r: event => deleteHere('RV', event.shiftKey), l: event => deleteHere(LEFT, event.shiftKey),
    c: event => copyFrom(event.shiftKey ? 'copy-next' : 'copy-previous'), b: () => copyFrom('copy-above'), n: () => copyFrom('copy-below'),
    '+': () => change('grow'), '-': () => change('shrink'), m: () => change('smooth'), e: () => change('snap'),
    a: event => askOrNext(event.shiftKey), x: chooseNextStructure,
    t: event => event.shiftKey ? takeProposal() : propose('phases'),
  })
  addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || isWriting(event.target)) return
    const key = event.key.toLowerCase()
    const wanted = key === 'y' || (key === 'z' && event.shiftKey) ? 'redo' : key === 'z' ? 'undo' : ''
    if (wanted) { event.preventDefault(); command(wanted) }
  })
}
