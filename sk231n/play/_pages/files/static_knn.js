// The page of the nearest neighbours without a server: play/_knn.py does the same with the library.

const TIE = setting.colours.length

class KnnPage extends StaticPage {
  constructor(models, setting) {
    super(models, setting)
    this.place = [0, 0]
    this.seed = 0
    this.values = { metric: "l2", k: 5, classes: 3, count: 30 }
    this.when(models.metric, (value) => { this.values.metric = value; this.show() })
    this.when(models.k, (value) => {
      const n_points = this.points.length
      const wrong = this.wrong_number(value, 1, 60, true) ??
        (value > n_points ? `There are only ${n_points} points.` : null)
      this.take("k", value, wrong)
    })
    this.when(models.classes, (value) => this.take_clouds("classes", value, 2, TIE))
    this.when(models.count, (value) => this.take_clouds("count", value, 2, 60))
    models.draw.on_event("button_click", () => {
      this.seed = (this.seed + 1) % this.setting.clouds[2].length
      this.draw_clouds()
      this.show()
    })
    models.figure.on_event("mousemove", ({ x, y }) => {
      if (Math.abs(x) > 1 || Math.abs(y) > 1) return
      this.place = [thousandth(x), thousandth(y)]
      this.show_place()
    })
  }

  take(name, value, wrong) {
    this.say(name, wrong)
    if (wrong) return
    this.values[name] = value
    this.show()
  }

  take_clouds(name, value, low, high) {
    const fewest = name === "count" ? this.values.k : 0
    const wrong = this.wrong_number(value, low, high, true) ??
      (value < fewest ? `k = ${fewest} neighbours need as many points.` : null)
    if (!wrong) {
      this.values[name] = value
      this.draw_clouds()
    }
    this.take(name, value, wrong)
  }

  draw_clouds() {
    const clouds = this.setting.clouds[this.values.classes][this.seed]
    this.points = clouds.slice(0, this.values.count).map((row) => row.slice())
  }

  wrong_points(points) {
    const { k } = this.values
    return points.length < k ? `k = ${k} neighbours need as many points.` : null
  }

  // The k nearest points in the order of (distance, index).
  neighbours(x, y) {
    const { metric, k } = this.values
    const nearest = [], distances = []
    this.points.forEach(([a, b], i) => {
      const dx = x - a, dy = y - b
      const distance = metric === "l1" ? Math.abs(dx) + Math.abs(dy) : Math.sqrt(dx * dx + dy * dy)
      if (nearest.length === k && distance >= distances[k - 1]) return
      let at = nearest.length
      while (at > 0 && distances[at - 1] > distance) at--
      nearest.splice(at, 0, i)
      distances.splice(at, 0, distance)
      nearest.length = distances.length = Math.min(nearest.length, k)
    })
    return nearest
  }

  winner(x, y) {
    const votes = new Array(TIE).fill(0)
    for (const i of this.neighbours(x, y)) votes[this.points[i][2]]++
    const most = Math.max(...votes), first = votes.indexOf(most)
    return votes.lastIndexOf(most) === first ? first : TIE
  }

  show_state() {
    for (const name of ["metric", "k", "classes", "count"]) this.models[name].value = this.values[name]
    this.show_regions((x, y) => this.winner(x, y))
    this.show_place()
  }

  show_place() {
    const [x, y] = this.place
    const near = this.neighbours(x, y)
    this.show_points(near)
    this.models.links.data = {
      x0: near.map(() => x), y0: near.map(() => y),
      x1: near.map((i) => this.points[i][0]), y1: near.map((i) => this.points[i][1]),
    }
    this.models.pointer.data = { x: [x], y: [y] }
  }
}

window.page = new KnnPage(models, setting)
