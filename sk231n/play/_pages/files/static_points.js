// A page without a server: what both such pages do with points. Python's play/_points.py and
// _pages/_page.py do the same.

const SIDE = 160
const NEAR = 0.09
const MOST_POINTS = 300

function thousandth(value) {
  return round_half_even(Math.min(Math.max(value, -1), 1), 3)
}

// Round as NumPy does: a number in the middle goes to the even side.
function round_half_even(value, digits) {
  const scale = 10 ** digits, scaled = value * scale, down = Math.floor(scaled)
  const rest = scaled - down
  const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0)
  return (down + (up ? 1 : 0)) / scale
}

// Write a number as Python does, but with a real minus sign.
function number(value, digits = 2) {
  const scaled = Math.abs(value) * 10 ** digits
  const middle = scaled - Math.floor(scaled) === 0.5 && Math.abs(value) < 1e6
  let text = (middle ? round_half_even(Math.abs(value), digits) : Math.abs(value)).toFixed(digits)
  if (value < 0 && Number(text) !== 0) text = "−" + text
  return text
}

class StaticPage {
  constructor(models, setting) {
    this.models = models
    this.setting = setting
    this.chosen = 0
    this.dragging = false
    this.showing = false
    this.points = setting.points.map((row) => row.slice())
    this.points_are_own = false
    this.connect_points()
  }

  // What Python says of a value: null for good.
  wrong_number(value, low, high, whole = false) {
    const range = `from ${low} to ${high}`
    if (value === null || !Number.isFinite(value)) return "This needs a number."
    if (whole && !Number.isInteger(value)) return `This needs a whole number ${range}.`
    if (value < low || value > high) return `This goes ${range}.`
    return null
  }

  say(name, text) {
    const message = this.models[`${name}_message`]
    message.text = text ?? ""
    message.visible = Boolean(text)
  }

  when(model, act) {
    model.properties.value.change.connect(() => { if (!this.showing) act(model.value) })
  }

  show() {
    this.showing = true
    this.chosen = Math.min(this.chosen, this.points.length - 1)
    this.show_state()
    const [x, y, label] = this.points[this.chosen]
    this.models.point.value = this.chosen + 1
    this.models.point_x.value = x
    this.models.point_y.value = y
    this.models.point_class.value = String(label)
    this.showing = false
  }

  show_points(near = []) {
    const { colours, markers } = this.setting
    const near_to = new Set(near)
    const bold = this.points.map((_, i) => i === this.chosen || near_to.has(i))
    this.models.points.data = {
      x: this.points.map((p) => p[0]),
      y: this.points.map((p) => p[1]),
      colour: this.points.map((p) => colours[p[2]]),
      marker: this.points.map((p) => markers[p[2]]),
      size: this.points.map((_, i) => (i === this.chosen ? 19 : near_to.has(i) ? 17 : 14)),
      width: bold.map((is_bold) => (is_bold ? 3 : 1.2)),
      alpha: this.points.map(() => 1),
    }
  }

  // Colour each pixel by what `winner` says of its centre.
  show_regions(winner) {
    const picture = this.models.regions.data.image[0]
    for (let row = 0; row < SIDE; row++) {
      const y = (row + 0.5) * (2 / SIDE) - 1
      for (let column = 0; column < SIDE; column++)
        picture[row * SIDE + column] = winner((column + 0.5) * (2 / SIDE) - 1, y)
    }
    this.models.regions.change.emit()
  }

  nearest(x, y) {
    let best = null, least = NEAR
    this.points.forEach(([a, b], i) => {
      const distance = Math.hypot(a - x, b - y)
      if (distance <= least) { least = distance; best = i }
    })
    return best
  }

  connect_points() {
    const { figure, point, point_x, point_y, point_class, remove_point, add_point } = this.models
    figure.on_event("panstart", ({ x, y }) => {
      const index = this.nearest(x, y)
      this.dragging = index !== null
      if (this.dragging) this.chosen = index
    })
    figure.on_event("pan", ({ x, y }) => { if (this.dragging) this.move(x, y) })
    figure.on_event("panend", () => { this.dragging = false })
    figure.on_event("tap", ({ x, y }) => {
      const index = this.nearest(x, y)
      if (index !== null) { this.chosen = index; this.show() }
    })
    figure.on_event("doubletap", ({ x, y }) => { if (this.nearest(x, y) === null) this.add(x, y) })
    this.when(point, (value) => {
      const wrong = !Number.isInteger(value) || value < 1 || value > this.points.length
      this.say("point", wrong ? `1 to ${this.points.length}.` : null)
      if (!wrong) { this.chosen = value - 1; this.show() }
    })
    const moved = () => {
      const places = [point_x.value, point_y.value]
      const wrong = places.map((place) => this.wrong_number(place, -1, 1) !== null)
      this.say("point_x", wrong[0] ? "-1 to 1." : null)
      this.say("point_y", wrong[1] ? "-1 to 1." : null)
      if (!wrong[0] && !wrong[1]) this.move(...places)
    }
    this.when(point_x, moved)
    this.when(point_y, moved)
    this.when(point_class, (value) => this.change((points) => { points[this.chosen][2] = Number(value) }))
    remove_point.on_event("button_click", () => this.change((points) => { points.splice(this.chosen, 1) }))
    add_point.on_event("button_click", () => this.add(0, 0))
  }

  move(x, y) {
    this.change((points) => {
      points[this.chosen] = [thousandth(x), thousandth(y), points[this.chosen][2]]
    })
  }

  add(x, y) {
    if (this.points.length >= MOST_POINTS) {
      this.say("points", `${MOST_POINTS} points are the most.`)
      return
    }
    const label = Number(this.models.point_class.value)
    if (this.change((points) => { points.push([thousandth(x), thousandth(y), label]) }, false)) {
      this.chosen = this.points.length - 1
      this.show()
    }
  }

  // Change a copy of the points and take it if the page can be shown with it.
  change(act, show = true) {
    const points = this.points.map((row) => row.slice())
    act(points)
    const wrong = this.wrong_points(points)
    this.say("points", wrong)
    if (wrong) return false
    this.points = points
    if (show) this.show()
    return true
  }
}
