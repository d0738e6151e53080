
// Long axes beside the short axis, in step with it: where the slice that is shown crosses them, and the base planes of both
// ventricles. A drag from one side of a valve to the other sets the plane in the phase that is shown; where it was not set
// it is dashed, for the program followed it through the beat.

const VENTRICLES = ['LV', 'RV'] // mitral, tricuspid
const USUAL = '4CH' // shown first where there is one: both valves are on it
let view = 0 // which long axis is shown
let valve = '' // of which ventricle a drag sets the plane
let stretched = null // from press to release: both ends, in pixels of the long axis
const longAxisSheets = []

function longAxis() { return study.longAxes[view] }

function longAxisPlace(event) {
  const box = byId('long-axis').getBoundingClientRect()
  return [(event.clientX - box.left) / box.width * longAxis().columns, (event.clientY - box.top) / box.height * longAxis().rows]
}

function drawLongAxis() {
  if (!study.longAxes.length || !byId('long-axes').open || !longAxisSheets[view]) return
  const { rows, columns, spacing, columnsOfSheet, slices, name } = longAxis()
  const canvas = byId('long-axis'), width = Math.max(1, Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)))
  Object.assign(canvas, { width, height: Math.round(width * rows * spacing[0] / (columns * spacing[1])) })
  const context = canvas.getContext('2d'), left = at.phase % columnsOfSheet * columns, top = Math.floor(at.phase / columnsOfSheet) * rows
  context.drawImage(longAxisSheets[view], left, top, columns, rows, 0, 0, canvas.width, canvas.height)
  const line = ([[x1, y1], [x2, y2]], colour, thickness, dashed) => {
    const across = canvas.width / columns, down = canvas.height / rows
    Object.assign(context, { strokeStyle: colour, lineWidth: thickness * width / canvas.clientWidth })
    context.setLineDash(dashed ? [7, 5] : [])
    context.beginPath()
    context.moveTo(x1 * across, y1 * down)
    context.lineTo(x2 * across, y2 * down)
    context.stroke()
  }
  slices.forEach((crossing, slice) => line(endsOf(crossing), slice === at.slice ? '#ffe680' : '#ffffff40', slice === at.slice ? 1.6 : 0.8))
  for (const { ventricle, view: of, phase, points, followed } of study.reading.baseLines) {
    if (of === name && phase === at.phase) line(points, study.structures[ventricle].color, 2.4, followed)
  }
  if (stretched) line(stretched, study.structures[valve].color, 2.4)
}

// The ends, far outside the picture, of the line ax + by = d.
function endsOf([a, b, d]) {
  const far = 2 * (longAxis().columns + longAxis().rows), length = a * a + b * b
  const foot = [a * d / length, b * d / length], along = [-b, a].map(value => value / Math.sqrt(length) * far)
  return [[foot[0] - along[0], foot[1] - along[1]], [foot[0] + along[0], foot[1] + along[1]]]
}

function chooseValve(ventricle) {
  valve = valve === ventricle ? '' : ventricle
  VENTRICLES.forEach(each => byId(`plane-${each}`).setAttribute('aria-pressed', each === valve))
  byId('long-axis').style.cursor = valve ? 'crosshair' : 'default'
}

function chooseView(index) {
  view = index
  study.longAxes.forEach((_, each) => byId(`view-${each}`).setAttribute('aria-pressed', each === view))
  byId('long-axis').setAttribute('aria-label', longAxis().name)
  drawLongAxis()
}

function pressPlane(event) {
  if (!valve || event.button !== 0) return
  if (study.reading.isSigned) { tell(words.locked); return }
  event.preventDefault()
  setPlaying(false)
  byId('long-axis').setPointerCapture(event.pointerId)
  stretched = [longAxisPlace(event), longAxisPlace(event)]
}

function movePlane(event) {
  if (!stretched) return
  stretched[1] = longAxisPlace(event)
  drawLongAxis()
}

async function releasePlane() {
  if (!stretched) return
  const points = stretched
  stretched = null
  if (points[0].some((value, axis) => value !== points[1][axis])) await command('base-line', { structure: valve, view: longAxis().name, phase: at.phase, points })
  drawLongAxis()
}

function showPlanes(locked) {
  if (!study.longAxes.length) return
  for (const ventricle of VENTRICLES) {
    byId(`remove-${ventricle}`).disabled = locked || !study.reading.baseLines.some(line => line.ventricle === ventricle)
  }
  drawLongAxis()
}

async function removePlane(ventricle) {
  await command('remove-base-plane', { structure: ventricle })
}

function buildPlanes() {
  if (!study.longAxes.length) return
  const row = (...children) => make('div', { className: 'row' }, ...children)
  const valves = { LV: words.mitral, RV: words.tricuspid }
  byId('viewer').append(make('details', { id: 'long-axes' }, make('summary', {}, words.longAxes),
    row(...study.longAxes.map(({ name }, index) => button(`view-${index}`, name, () => chooseView(index)))),
    row(...VENTRICLES.flatMap(ventricle => [button(`plane-${ventricle}`, valves[ventricle], () => chooseValve(ventricle)),
      button(`remove-${ventricle}`, words.removePlane, () => removePlane(ventricle))])),
    make('p', { className: 'quiet' }, words.planeHelp),
    make('canvas', { id: 'long-axis', role: 'img' })))
  for (const ventricle of VENTRICLES) byId(`remove-${ventricle}`).setAttribute('aria-label', `${words.removePlane}: ${valves[ventricle]}`)
  const canvas = byId('long-axis')
  canvas.addEventListener('pointerdown', pressPlane)
  canvas.addEventListener('pointermove', movePlane)
  canvas.addEventListener('pointerup', releasePlane)
  canvas.addEventListener('pointercancel', () => { stretched = null; drawLongAxis() })
  byId('long-axes').addEventListener('toggle', drawLongAxis)
  addEventListener('resize', drawLongAxis)
  listeners.push(drawLongAxis)
  study.longAxes.forEach(async ({ sheet }, index) => {
    const image = new Image()
    image.src = sheet
    await image.decode()
    longAxisSheets[index] = image
    drawLongAxis()
  })
  chooseView(Math.max(0, study.longAxes.findIndex(({ name }) => name === USUAL)))
}
