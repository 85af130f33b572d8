/* Diagrams that can be moved and searched, tables that can be sorted, and the links between both.
 *
 * Without this script a page shows its diagram and its table all the same.  It may be loaded more than once, and under
 * Material's instant navigation the page changes below it: everything is set up per element, and only once.
 */
(() => {
  "use strict";
  if (window.keraviz) return window.keraviz.start();

  const BASE = new URL(".", document.currentScript.src);
  const STEP = 200; // table rows that are inserted at a time
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  /** Load a script once, and give what it leaves in `document.currentScript.payload` (fetch fails on file://). */
  const loaded = new Map();
  function load(url) {
    if (!loaded.has(url)) {
      loaded.set(url, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = url;
        script.onload = () => { script.remove(); resolve(script.payload); };
        script.onerror = () => { script.remove(); loaded.delete(url); reject(new Error(`${url} could not be loaded`)); };
        document.head.append(script);
      }));
    }
    return loaded.get(url);
  }

  const fragment = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages that are neither on https nor on this machine have no clipboard.
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const label = button.dataset.label ??= button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  }

  /** What waits for a browser without scripts: text where a parser knew of scripts, elements under instant navigation. */
  const waiting = (aside) => fragment(aside.firstElementChild ? aside.innerHTML : aside.textContent);

  /** Read numbers written as progressions, `start:step:count`; `+d x n` says that all of them come n times, d apart. */
  function numbersIn(text) {
    const [body, again] = text.split("+");
    const numbers = body.split(" ").flatMap((part) => {
      const [start, step = 0, count = 1] = part.split(":").map(Number);
      return Array.from({ length: count }, (_, index) => start + step * index);
    });
    if (!again) return numbers;
    const [farther, times] = again.split("x").map(Number);
    return Array.from({ length: times }, (_, index) => numbers.map((number) => number + farther * index)).flat();
  }

  /** The layer that the address names, if any. */
  const addressed = () => Number(/^#layer-(\d+)$/.exec(location.hash)?.[1]) || null;

  // --------------------------------------------------------------------------------------------------- paper

  const LINE = 720; // the length of a drawing that a line on paper holds
  const STRIP = 240; // the same for a strip, of which a page holds several
  const PAPER = 900; // drawings that are no longer fit on paper as they are

  /** Cut a drawing between its boxes into pieces for paper: one from left to right into lines, any other into strips. */
  function slices(svg) {
    const { width, height } = svg.viewBox.baseVal;
    const across = svg.classList.contains("kv-lr");
    if ((across ? width : height) <= PAPER) return [];
    const frame = svg.getBoundingClientRect();
    const scale = frame.width / width;
    const [near, far] = across ? ["left", "right"] : ["top", "bottom"];
    const parts = [...svg.querySelectorAll(":scope > g > *")].map((element) => {
      const box = element.getBoundingClientRect();
      return { element, group: element.parentElement, box, from: (box[near] - frame[near]) / scale, to: (box[far] - frame[near]) / scale };
    });
    const inside = (name) => parts.filter(({ group }) => group.classList.contains(name));
    // Cuts are where no box is; frames and arrows go on behind them.
    const cuts = [];
    let end = 0;
    for (const { from, to } of inside("kv-nodes").sort((one, other) => one.from - other.from)) {
      if (end && from > end) cuts.push((end + from) / 2);
      end = Math.max(end, to);
    }
    if (!cuts.length) return [];
    const bounds = [0];
    const whole = across ? width : height;
    for (const [index, place] of cuts.entries()) {
      if ((cuts[index + 1] ?? whole) - bounds.at(-1) > (across ? LINE : STRIP)) bounds.push(place);
    }
    bounds.push(whole);
    // Lines need no room for the legend: it is a line of its own.
    const legend = across ? inside("kv-legend") : [];
    const drawn = parts.filter((part) => !legend.includes(part));
    const pieces = bounds.slice(1).map((to, index) => {
      const from = bounds[index];
      const found = drawn.filter((part) => part.from < to && part.to > from);
      const [top, bottom] = across ? extent(found, frame, scale) : [from, to];
      return piece(svg, across ? [from, top, to - from, bottom - top] : [0, from, width, to - from], found);
    });
    if (across) {
      const longest = Math.max(...pieces.map((each) => each.viewBox.baseVal.width));
      for (const each of pieces) each.style.width = `${(100 * each.viewBox.baseVal.width) / longest}%`;
    }
    if (legend.length) {
      const [, bottom] = extent(legend, frame, scale);
      pieces.unshift(piece(svg, [0, 0, Math.max(...legend.map(({ to }) => to)) + 2, bottom], legend));
    }
    return pieces;
  }

  /** Where parts of a drawing begin and end, from top to bottom. */
  function extent(parts, frame, scale) {
    return [
      Math.min(...parts.map(({ box }) => (box.top - frame.top) / scale)) - 2,
      Math.max(...parts.map(({ box }) => (box.bottom - frame.top) / scale)) + 2,
    ];
  }

  /** A drawing that shows some parts of another, which has the style of both. */
  function piece(svg, view, parts) {
    const part = svg.cloneNode(false);
    for (const name of ["id", "aria-labelledby", "aria-describedby", "role"]) part.removeAttribute(name);
    part.setAttribute("viewBox", view.join(" "));
    part.setAttribute("width", view[2]);
    part.setAttribute("height", view[3]);
    const groups = new Map();
    for (const { element, group } of parts) {
      if (!groups.has(group)) part.append(groups.set(group, group.cloneNode(false)).get(group));
      groups.get(group).append(element.cloneNode(true));
    }
    for (const each of part.querySelectorAll("[id]")) each.removeAttribute("id");
    return part;
  }

  /** Put the pieces of a drawing beside it, one of which is for paper and the other for the screen. */
  function cut(svg) {
    const pieces = slices(svg);
    if (!pieces.length) return;
    const all = Object.assign(document.createElement("div"), { className: "kv-slices kv-printed" });
    all.append(...pieces);
    svg.before(all);
    svg.classList.add("kv-whole");
  }

  addEventListener("beforeprint", () => { for (const svg of document.querySelectorAll(".kv-still > svg")) cut(svg); });
  addEventListener("afterprint", () => {
    for (const element of document.querySelectorAll(".kv-printed")) element.remove();
    for (const svg of document.querySelectorAll(".kv-whole")) svg.classList.remove("kv-whole");
  });

  // ------------------------------------------------------------------------------------------------ diagrams

  class Diagram {
    constructor(root) {
      this.root = root;
      this.stage = root.querySelector(".kv-stage");
      this.tabs = [...root.querySelectorAll(".kv-tab")];
      this.found = root.querySelector(".kv-found");
      this.input = root.querySelector(".kv-search input");
      this.sheets = new Map();
      this.hits = [];
      this.current = null;
      root.classList.add("kv-ready");
      this.stage.scrollTo(0, 0);
      this.setUpBlocks();
      this.setUpPaper();
      this.setUpTabs();
      this.setUpTools();
      this.setUpStage();
      const first = this.stage.querySelector(".kv-sheet");
      this.enter(first.dataset.variant, first);
    }

    // Variants

    setUpTabs() {
      const list = this.root.querySelector(".kv-tabs");
      list.setAttribute("role", "tablist");
      this.stage.id ||= `${this.root.querySelector("svg").id}-stage`;
      for (const tab of this.tabs) {
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", this.stage.id);
        tab.removeAttribute("aria-current");
        tab.addEventListener("click", (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.show(tab.dataset.variant);
        });
        tab.addEventListener("keydown", (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step && event.key !== " ") return;
          event.preventDefault();
          event.stopPropagation();
          const next = step ? this.tabs.at((this.tabs.indexOf(tab) + step) % this.tabs.length) : tab;
          next.focus();
          this.show(next.dataset.variant);
        });
      }
    }

    async show(variant) {
      if (this.variant === variant) return;
      let sheet = this.sheets.get(variant)?.element;
      if (!sheet) {
        this.stage.setAttribute("aria-busy", "true");
        const tab = this.tabs.find((each) => each.dataset.variant === variant);
        try {
          const svg = await load(new URL(tab.dataset.load, new URL(tab.href, location.href)).href);
          sheet = Object.assign(document.createElement("div"), { className: "kv-sheet" });
          sheet.append(fragment(svg));
          this.stage.append(sheet);
        } catch {
          location.assign(tab.href);
          return;
        } finally {
          this.stage.removeAttribute("aria-busy");
        }
      }
      this.enter(variant, sheet);
      this.mark();
      if (this.current) this.centre(this.current);
    }

    // Blocks: what a box of the overview stands for, drawn on its own

    /** Take the blocks' drawings from where they wait for a browser without scripts. */
    setUpBlocks() {
      this.blocks = new Map();
      const aside = this.root.querySelector("noscript");
      if (!aside) return;
      for (const figure of waiting(aside).querySelectorAll("figure")) {
        const svg = figure.querySelector("svg");
        const title = figure.querySelector("figcaption").textContent.replace(/ · [^·]*$/, "");
        this.blocks.set(svg.id, { svg, title, figure });
      }
      aside.remove();
    }

    /** On paper nothing can be opened or moved, and a page ends somewhere. */
    setUpPaper() {
      addEventListener("beforeprint", () => {
        if (!this.root.isConnected) return;
        const blocks = this.variant === this.tabs[0].dataset.variant ? [...this.blocks.values()] : [];
        const figures = blocks.map(({ title, svg }) => {
          const figure = Object.assign(document.createElement("figure"), { className: "kv-block kv-printed" });
          figure.append(Object.assign(document.createElement("figcaption"), { textContent: title }), svg.cloneNode(true));
          return figure;
        });
        this.stage.after(...figures);
        for (const svg of [this.sheet.svg, ...figures.map((figure) => figure.querySelector("svg"))]) cut(svg);
      });
    }

    /** Follow a link inside a drawing: to the drawing of a block, or to a place in this one. */
    follow(target) {
      if (this.blocks.has(target)) this.enterBlock([...this.path(), { variant: `block:${target}`, title: this.blocks.get(target).title, key: target }]);
      else this.look(this.sheet.svg.querySelector(`#${CSS.escape(target)}`));
    }

    /** The way to what is shown. */
    path() {
      return this.trail?.at(-1)?.variant === this.variant ? this.trail : [{ variant: this.variant, title: "Overview" }];
    }

    enterBlock(trail) {
      const { variant, key } = trail.at(-1);
      let element = this.sheets.get(variant)?.element;
      if (!element) {
        element = Object.assign(document.createElement("div"), { className: "kv-sheet" });
        element.append(this.blocks.get(key).svg);
        this.stage.append(element);
      }
      this.trail = trail;
      this.enter(variant, element);
      this.mark();
    }

    /** The way back: Overview, and the blocks that were opened one inside the other. */
    showTrail() {
      const crumbs = this.root.querySelector(".kv-crumbs");
      if (!crumbs) return;
      const trail = this.trail?.at(-1).variant === this.variant ? this.trail : [];
      crumbs.hidden = !trail.length;
      crumbs.replaceChildren(...trail.flatMap(({ variant, title }, depth) => {
        if (depth === trail.length - 1) return [Object.assign(document.createElement("b"), { textContent: title })];
        const back = Object.assign(document.createElement("button"), { type: "button", textContent: title });
        back.addEventListener("click", () => depth ? this.enterBlock(trail.slice(0, depth + 1)) : this.show(variant));
        return [back, " › "];
      }));
    }

    enter(variant, element) {
      this.variant = variant;
      this.showTrail();
      for (const tab of this.tabs) {
        const selected = tab.dataset.variant === (variant.startsWith("block:") ? this.tabs[0].dataset.variant : variant);
        tab.setAttribute("aria-selected", selected);
        tab.tabIndex = selected ? 0 : -1;
      }
      for (const { element: other } of this.sheets.values()) other.hidden = true;
      element.hidden = false;
      if (!this.sheets.has(variant)) this.sheets.set(variant, this.lay(element));
      this.sheet = this.sheets.get(variant);
    }

    lay(element) {
      const svg = element.querySelector("svg");
      // Links are for browsers without scripts; themes that watch all links do not expect them in SVG.
      for (const link of svg.querySelectorAll("a")) {
        const node = link.querySelector(".kv-node");
        node.dataset.target = link.getAttribute("xlink:href").slice(1);
        node.setAttribute("role", "link");
        node.setAttribute("tabindex", "0");
        node.setAttribute("aria-label", link.getAttribute("aria-label"));
        link.replaceWith(node);
      }
      const sheet = { element, svg, width: svg.width.baseVal.value, height: svg.height.baseVal.value };
      const opening = this.placed(sheet, this.readable(sheet));
      sheet.zoom = Panzoom(element, {
        canvas: true, cursor: "", minScale: 0.01, maxScale: 8, step: 0.35, touchAction: "pan-x pan-y",
        startScale: opening.scale, startX: opening.x, startY: opening.y,
        // The parent stays focusable, and a click on a node stays a click.
        handleStartEvent: (event) => { if (event.pointerType !== "touch" || this.full) event.preventDefault(); },
      });
      sheet.untouched = true;
      element.addEventListener("panzoomstart", () => { sheet.untouched = false; });
      // Panzoom moves to its start in a task of its own; nothing may be moved before.
      sheet.laid = new Promise((resolve) => { setTimeout(resolve); });
      return sheet;
    }

    /** Turn "scale, and point (left, top) of the stage for the sheet's corner" into what Panzoom wants. */
    placed(sheet, { scale, left, top }) {
      // Panzoom scales around the centre and moves before it scales.
      return { scale, x: (left - sheet.width / 2) / scale + sheet.width / 2, y: (top - sheet.height / 2) / scale + sheet.height / 2 };
    }

    place(sheet, where, animate = !calm.matches) {
      const { scale, x, y } = this.placed(sheet, where);
      sheet.zoom.zoom(scale, { animate, force: true });
      sheet.zoom.pan(x, y, { animate, force: true });
    }

    /** The opening view: all of it where that is legible; else as large as legible, from where the data flow starts. */
    readable(sheet) {
      const { clientWidth: width, clientHeight: height } = this.stage;
      const whole = Math.min(width / sheet.width, height / sheet.height);
      // Columns are read one after the other, from the first.
      const columns = sheet.svg.classList.contains("kv-columns");
      const scale = columns && whole < 0.65 ? 0.7 : whole >= 0.65 ? Math.min(1, whole) : Math.min(1, Math.max(whole, sheet.width > sheet.height ? height / sheet.height : width / sheet.width, 0.55));
      return {
        scale,
        left: sheet.width * scale <= width || (sheet.width <= sheet.height && !columns) ? (width - sheet.width * scale) / 2 : 0,
        top: sheet.height * scale <= height || (sheet.width > sheet.height && !columns) ? (height - sheet.height * scale) / 2 : 0,
      };
    }

    fit() {
      const { clientWidth: width, clientHeight: height } = this.stage;
      const scale = Math.min(width / this.sheet.width, height / this.sheet.height, 2);
      this.place(this.sheet, { scale, left: (width - this.sheet.width * scale) / 2, top: (height - this.sheet.height * scale) / 2 });
      this.sheet.untouched = false;
    }

    // Tools

    setUpTools() {
      const does = {
        in: () => this.zoomBy(1),
        out: () => this.zoomBy(-1),
        fit: () => this.fit(),
        full: () => this.toggleFull(),
      };
      for (const button of this.root.querySelectorAll(".kv-tools [data-do]")) {
        button.addEventListener("click", () => does[button.dataset.do]());
      }
      this.input?.addEventListener("input", () => this.search());
      this.input?.addEventListener("keydown", (event) => {
        event.stopPropagation();
        if (event.key === "Enter") {
          event.preventDefault();
          this.step(event.shiftKey ? -1 : 1);
        } else if (event.key === "Escape" && this.input.value) {
          event.preventDefault();
          this.input.value = "";
          this.search();
        }
      });
      document.addEventListener("fullscreenchange", () => {
        if (this.root.isConnected) this.setFull(document.fullscreenElement === this.root);
      });
    }

    zoomBy(direction) {
      const box = this.stage.getBoundingClientRect();
      const middle = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
      this.sheet.zoom.zoomToPoint(this.sheet.zoom.getScale() * Math.exp(0.35 * direction), middle);
      this.sheet.untouched = false;
    }

    get full() { return this.root.classList.contains("kv-full") || document.fullscreenElement === this.root; }

    toggleFull() {
      if (document.fullscreenElement === this.root) document.exitFullscreen();
      else if (this.full) this.setFull(false);
      else if (this.root.requestFullscreen) this.root.requestFullscreen().catch(() => this.setFull(true));
      else this.setFull(true);
    }

    setFull(full) {
      this.root.classList.toggle("kv-full", full && !document.fullscreenElement);
      this.root.querySelector('[data-do="full"]').setAttribute("aria-pressed", full);
      for (const { zoom } of this.sheets.values()) zoom.setOptions({ touchAction: full ? "none" : "pan-x pan-y" });
    }

    search() {
      const wanted = this.input.value.trim().toLowerCase();
      const rows = wanted ? this.layers() : [];
      const exact = rows.filter((row) => String(row.number) === wanted);
      this.hits = (exact.length ? exact : rows.filter((row) => row.text.includes(wanted))).map((row) => row.number);
      this.position = 0;
      this.found.textContent = !wanted ? "" : this.hits.length ? `1 of ${this.hits.length}` : "none";
      this.current = this.hits[0] ?? null;
      this.there = null;
      if (!this.current) this.tell();
      this.mark();
      if (this.current) this.centre(this.current);
    }

    step(direction) {
      if (!this.hits.length) return;
      this.position = (this.position + direction + this.hits.length) % this.hits.length;
      this.found.textContent = `${this.position + 1} of ${this.hits.length}`;
      this.current = this.hits[this.position];
      this.there = null;
      this.mark();
      this.centre(this.current);
    }

    layers() {
      this.known ??= (this.table?.rows ?? []).filter((row) => row.number).map((row) => ({ number: row.number, text: row.name }));
      return this.known;
    }

    // Nodes

    numberOf(node) { return Number(/-n(\d+)$/.exec(node?.id)?.[1]) || null; }

    /** Where a number is in the sheet: its own node, or a box that stands for it; which repetition, and drawn as what. */
    spot(number) {
      const { sheet } = this;
      sheet.boxes ??= [...sheet.svg.querySelectorAll("[data-n]")].map((node) => ({ node, numbers: numbersIn(node.dataset.n) }));
      sheet.spots ??= new Map(sheet.boxes.flatMap((box) => box.numbers.map((each, index) => [each, { ...box, index }])));
      const found = sheet.spots.get(number);
      if (!found) {
        const node = sheet.svg.querySelector(`#${CSS.escape(`${sheet.svg.id}-n${number}`)}`);
        return node && { node, drawn: number, repetitions: [] };
      }
      const { node, numbers } = found;
      const times = (node.dataset.times ?? "").split(" ").filter(Boolean).map(Number);
      const size = numbers.length / times.reduce((product, count) => product * count, 1);
      let rest = Math.floor(found.index / size);
      const repetitions = times.toReversed().map((count) => {
        const which = rest % count;
        rest = Math.floor(rest / count);
        return `${which + 1} of ${count}`;
      }).reverse();
      const drawn = (node.dataset.as ? numbersIn(node.dataset.as) : numbers)[found.index % size];
      return { node, drawn, repetitions, target: node.dataset.target };
    }

    mark() {
      const { svg } = this.sheet;
      for (const node of svg.querySelectorAll(".kv-hit, .kv-current")) node.classList.remove("kv-hit", "kv-current");
      for (const number of this.hits) this.spot(number)?.node.classList.add("kv-hit");
      if (this.current) (this.there?.sheet === this.sheet ? this.there.node : this.spot(this.current)?.node)?.classList.add("kv-current");
    }

    /** Bring a layer into view, through the boxes and blocks that stand for it; say which repetition it is in. */
    async centre(number) {
      this.there = null;
      this.tell();
      if (this.variant.startsWith("block:") && !this.spot(number)) {
        const first = this.tabs[0].dataset.variant;
        this.enter(first, this.sheets.get(first).element);
      }
      let wanted = number;
      const repetitions = [];
      for (let spot = this.spot(wanted), steps = 0; spot && steps < 30; spot = this.spot(wanted), steps += 1) {
        const name = spot.node.classList.contains("kv-closed") ? ` of ${spot.node.querySelector("title").textContent.split("\n")[0].replace(/ ×\d+$/, "")}` : "";
        repetitions.push(...spot.repetitions.map((each, index) => each + (index === spot.repetitions.length - 1 ? name : "")));
        if (!spot.target || (spot.drawn === wanted && !this.blocks.has(spot.target))) {
          this.there = { sheet: this.sheet, node: spot.node };
          if (this.numberOf(spot.node)) wanted = spot.drawn;
          break;
        }
        wanted = spot.drawn;
        if (this.blocks.has(spot.target)) this.follow(spot.target);
      }
      if (this.there) {
        this.mark();
        this.tell(number, repetitions, this.numberOf(this.there.node) ?? number);
        await this.look(this.there.node);
      } else {
        const whole = this.tabs.find((tab) => tab.dataset.variant === "tb");
        if (whole && this.variant !== "tb" && this.tabs[0].dataset.variant !== "tb") this.show("tb");
      }
    }

    tell(number, repetitions = [], drawn = number) {
      const place = this.root.querySelector(".kv-place");
      const said = [
        ...(repetitions.length ? [`in repetition ${repetitions.join(", ")}`] : []),
        ...(drawn !== number ? [`drawn as ${drawn}`] : []),
      ];
      place.hidden = !said.length;
      place.textContent = said.length ? `Layer ${number} is ${said.join(", ")}.` : "";
    }

    /** Move an element of the sheet to the middle of the stage. */
    async look(element) {
      const { sheet } = this;
      await sheet.laid;
      if (sheet !== this.sheet || !element) return;
      const box = element.getBBox();
      const at = element.transform.baseVal.consolidate()?.matrix ?? { e: 0, f: 0 };
      const scale = Math.max(this.sheet.zoom.getScale(), Math.min(1, this.stage.clientWidth / (box.width * 1.5)));
      this.place(this.sheet, {
        scale,
        left: this.stage.clientWidth / 2 - (at.e + box.x + box.width / 2) * scale,
        top: this.stage.clientHeight / 2 - (at.f + box.y + box.height / 2) * scale,
      });
      this.sheet.untouched = false;
    }

    /** Mark a layer as the one that is looked at; optionally bring it into view. */
    choose(number, { centre = true } = {}) {
      this.current = number;
      this.there = null;
      this.mark();
      if (number && centre) this.centre(number);
    }

    trace(node) {
      const { svg } = this.sheet;
      for (const old of svg.querySelectorAll(".kv-in, .kv-out, .kv-near")) old.classList.remove("kv-in", "kv-out", "kv-near");
      svg.classList.toggle("kv-tracing", Boolean(node));
      if (!node) return;
      const key = node.id.slice(svg.id.length + 1);
      node.classList.add("kv-near");
      for (const edge of this.edgesOf(key)) {
        const incoming = edge.dataset.head === key;
        edge.classList.add(incoming ? "kv-in" : "kv-out");
        svg.querySelector(`#${CSS.escape(`${svg.id}-${incoming ? edge.dataset.tail : edge.dataset.head}`)}`)?.classList.add("kv-near");
      }
    }

    edgesOf(key) {
      if (!this.sheet.edges) {
        this.sheet.edges = new Map();
        for (const edge of this.sheet.svg.querySelectorAll(".kv-edges path")) {
          for (const end of [edge.dataset.tail, edge.dataset.head]) {
            if (!this.sheet.edges.has(end)) this.sheet.edges.set(end, []);
            this.sheet.edges.get(end).push(edge);
          }
        }
      }
      return this.sheet.edges.get(key) ?? [];
    }

    // The stage

    setUpStage() {
      const { stage } = this;
      stage.addEventListener("wheel", (event) => {
        if (event.ctrlKey || event.metaKey) {
          this.sheet.zoom.zoomWithWheel(event);
        } else if (this.full) {
          event.preventDefault();
          this.moveBy(-event.deltaX, -event.deltaY);
        } else {
          return;
        }
        this.sheet.untouched = false;
      }, { passive: false });

      const moves = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
      const does = { "+": () => this.zoomBy(1), "=": () => this.zoomBy(1), "-": () => this.zoomBy(-1), 0: () => this.fit(), f: () => this.toggleFull() };
      stage.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target !== stage) {
          if (event.key !== "Enter" || !event.target.dataset.target) return;
          event.preventDefault();
          this.follow(event.target.dataset.target);
          stage.focus({ preventScroll: true });
          return;
        }
        if (moves[event.key]) this.moveBy(...moves[event.key]);
        else if (does[event.key]) does[event.key]();
        else if (event.key === "Escape" && this.full) this.toggleFull();
        else return;
        event.preventDefault();
        event.stopPropagation();
      });

      let pressed = null;
      stage.addEventListener("pointerdown", (event) => { pressed = [event.clientX, event.clientY]; stage.focus({ preventScroll: true }); }, { capture: true });
      stage.addEventListener("click", (event) => {
        const moved = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 5;
        const node = moved ? null : event.target.closest(".kv-node");
        const number = this.numberOf(node);
        if (node?.dataset.target) this.follow(node.dataset.target);
        if (!number) return;
        if (this.full) this.toggleFull();
        this.table?.visit(number);
      });
      stage.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") this.trace(event.target.closest(".kv-node")); });
      stage.addEventListener("pointerleave", () => this.trace(null));

      new ResizeObserver(() => {
        if (this.sheet?.untouched && stage.clientWidth) this.place(this.sheet, this.readable(this.sheet), false);
      }).observe(stage);
    }

    moveBy(x, y) {
      const scale = this.sheet.zoom.getScale();
      this.sheet.zoom.pan(x / scale, y / scale, { relative: true, animate: false });
      this.sheet.untouched = false;
    }
  }

  // -------------------------------------------------------------------------------------------------- tables

  class Table {
    constructor(root) {
      this.root = root;
      this.table = root.querySelector("table.kv-table");
      this.body = this.table.tBodies[0];
      this.input = root.querySelector(".kv-search input");
      this.found = root.querySelector(".kv-found");
      this.rows = this.read();
      this.order = this.rows;
      root.classList.add("kv-ready");
      this.setUpSorting();
      this.input.addEventListener("input", () => this.arrange());
      this.input.addEventListener("keydown", (event) => event.stopPropagation());
      root.querySelector('[data-do="csv"]').addEventListener("click", (event) => copy(this.csv(), event.currentTarget));
      root.addEventListener("click", (event) => this.clicked(event));
      this.setUpMore();
      this.arrange();
    }

    /** Take all rows out of the document: out of the table, or from where a long table waits for a browser without scripts. */
    read() {
      const aside = this.root.querySelector("noscript");
      const source = aside ? waiting(aside) : this.root;
      aside?.remove();
      return [...source.querySelectorAll("tbody")].slice(0, aside ? undefined : 1).flatMap((body) => [...body.rows]).map((element, position) => ({
        element,
        position,
        number: Number(element.dataset.n) || null,
        group: element.classList.contains("kv-group"),
        name: element.dataset.n
          ? `${element.cells[1].title} ${element.cells[2].textContent}`.toLowerCase()
          : element.textContent.toLowerCase(),
        text: element.textContent.toLowerCase(),
      }));
    }

    // Sorting and filtering

    setUpSorting() {
      for (const head of this.table.tHead.rows[0].cells) {
        if (!head.dataset.sort) continue;
        const button = Object.assign(document.createElement("button"), { type: "button" });
        button.append(...head.childNodes);
        head.append(button);
        head.dataset.printed = head.textContent;
        button.addEventListener("click", () => this.sortBy(head));
      }
    }

    sortBy(head) {
      const numeric = head.dataset.sort === "number";
      const [first, second] = numeric && head.cellIndex ? ["descending", "ascending"] : ["ascending", "descending"];
      const now = head.getAttribute("aria-sort");
      const next = !now ? first : now === first ? second : null;
      for (const other of this.table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      this.order = this.rows;
      if (next) {
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const keyed = this.rows.filter((row) => !row.group).map((row) => ({ row, key: this.key(row.element.cells[head.cellIndex], numeric) }));
        const collator = new Intl.Collator(undefined, { numeric: true });
        keyed.sort((one, other) => {
          if (one.key === null || other.key === null) return (one.key === null) - (other.key === null);
          return sign * (numeric ? one.key - other.key : collator.compare(one.key, other.key));
        });
        this.order = keyed.map(({ row }) => row);
      }
      this.arrange();
    }

    key(cell, numeric) {
      if (!cell) return null;
      const value = (cell.dataset.value ?? cell.textContent).trim();
      if (value === "") return null;
      return numeric ? Number(value) : value;
    }

    arrange() {
      const wanted = this.input.value.trim().toLowerCase();
      this.shown = wanted ? this.order.filter((row) => !row.group && row.text.includes(wanted)) : this.order;
      const total = this.rows.filter((row) => !row.group).length;
      this.found.textContent = wanted ? `${this.shown.length} of ${total}` : "";
      this.body.replaceChildren();
      this.count = 0;
      if (this.shown.length) {
        this.more();
      } else {
        const cell = Object.assign(document.createElement("td"), { colSpan: 9, textContent: "Nothing matches." });
        this.body.insertRow().append(cell);
        this.body.rows[0].className = "kv-empty";
      }
    }

    // Rows on demand

    setUpMore() {
      const scroll = this.root.querySelector(".kv-scroll");
      scroll.addEventListener("scroll", () => {
        if (scroll.scrollTop + 2 * scroll.clientHeight > scroll.scrollHeight) this.more();
      }, { passive: true });
      addEventListener("beforeprint", () => { if (this.root.isConnected) this.more(Infinity); });
    }

    more(until = this.count + STEP) {
      const next = this.shown.slice(this.count, until);
      if (!next.length) return;
      for (const row of next) this.prepare(row);
      this.body.append(...next.flatMap(({ element, detail }) => (detail ? [element, detail] : [element])));
      this.count += next.length;
    }

    prepare(row) {
      if (row.ready || !row.number) return;
      row.ready = true;
      const button = Object.assign(document.createElement("button"), { type: "button", className: "kv-open", textContent: "›" });
      button.setAttribute("aria-expanded", "false");
      button.setAttribute("aria-label", `Settings and weights of layer ${row.number}`);
      row.element.cells[1].prepend(button);
    }

    // Opening a row, and the way to the diagram

    clicked(event) {
      const element = event.target.closest("tr[data-n]");
      if (!element || !this.root.dataset.load) return;
      const row = this.rows.find((each) => each.element === element);
      const link = event.target.closest("a");
      if (!link && event.target.closest("tbody th")) {
        this.toggle(row);
      } else if (link && link.parentElement === element.cells[0] && !event.ctrlKey && !event.metaKey && this.diagram) {
        event.preventDefault();
        history.replaceState(history.state, "", `#layer-${row.number}`);
        this.choose(row.number);
        this.diagram.choose(row.number);
        this.diagram.root.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
      } else if (link && /^#layer-\d+$/.test(link.getAttribute("href")) && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.visit(Number(link.hash.slice(7)));
      }
    }

    async toggle(row) {
      const button = row.element.querySelector(".kv-open");
      if (row.detail) {
        row.detail.remove();
        row.detail = null;
        button.setAttribute("aria-expanded", "false");
        return;
      }
      const details = await load(new URL(this.root.dataset.load, location.href).href);
      row.detail = document.createElement("tr");
      row.detail.className = "kv-open-row";
      const cell = row.detail.insertCell();
      cell.colSpan = row.element.cells.length;
      cell.append(fragment(details[row.number]));
      row.element.after(row.detail);
      button.setAttribute("aria-expanded", "true");
    }

    /** Go to the row of a layer, as a click on a link to it would. */
    visit(number) {
      if (addressed() !== number) history.pushState(history.state, "", `#layer-${number}`);
      this.reveal(number);
      this.diagram?.choose(number);
    }

    reveal(number) {
      const row = this.rows.find((each) => each.number === number);
      if (!row) return;
      if (!this.shown.includes(row)) {
        this.input.value = "";
        this.arrange();
      }
      this.more(Math.max(this.shown.indexOf(row) + 50, this.count));
      this.choose(number);
      const scroll = this.root.querySelector(".kv-scroll");
      const head = this.table.tHead.getBoundingClientRect().height;
      scroll.scrollTop += row.element.getBoundingClientRect().top - scroll.getBoundingClientRect().top - head - scroll.clientHeight / 3;
      row.element.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
      row.element.cells[0].querySelector("a")?.focus({ preventScroll: true });
    }

    choose(number) {
      for (const row of this.rows) row.element.classList.toggle("kv-current", row.number === number && number !== null);
    }

    csv() {
      const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const head = [...this.table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
      const lines = this.shown.filter((row) => !row.group).map(({ element }) => [...element.cells].map((cell, column) => {
        if (column === 1 && element.dataset.n) return cell.title;
        const parts = [...cell.querySelectorAll("span, a")].map((part) => part.textContent);
        const text = cell.dataset.value ?? (parts.length > 1 ? parts.join(" ") : cell.textContent);
        return text.replace(/\s+/g, " ").trim();
      }));
      return [head, ...lines].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
    }
  }

  // --------------------------------------------------------------------------------------------------- start

  const seen = new WeakSet();
  const fresh = (selector) => [...document.querySelectorAll(selector)].filter((element) => !seen.has(element) && seen.add(element));
  let page = {};

  /** Where pages have the address of their directory, links shall have it, too: instant navigation knows only those. */
  function shorten() {
    if (!location.pathname.endsWith("/")) return;
    for (const link of fresh('.kv a[href$="/index.html"]')) link.setAttribute("href", link.getAttribute("href").slice(0, -10));
  }

  /** Make all links of a chart one stop of the Tab key; arrow keys lead from one to the next, as they stand from left to right. */
  function roam(chart) {
    const links = [...chart.querySelectorAll("a")];
    if (!links.length) return;
    const left = new Map(links.map((link) => [link, link.getBoundingClientRect().left]));
    links.sort((one, other) => left.get(one) - left.get(other));
    const choose = (chosen) => { for (const link of links) link.setAttribute("tabindex", link === chosen ? 0 : -1); };
    choose(links[0]);
    chart.addEventListener("focusin", (event) => choose(event.target.closest("a")));
    chart.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const at = links.indexOf(event.target.closest("a"));
      const next = links[{ ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: links.length - 1 }[event.key]];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
    chart.closest(".kv-plot").classList.add("kv-ready");
  }

  async function start() {
    shorten();
    const diagrams = fresh('[data-kv="diagram"]');
    const tables = fresh('[data-kv="layers"], [data-kv="comparison"]').map((root) => new Table(root));
    for (const root of fresh('[data-kv="code"]')) {
      root.classList.add("kv-ready");
      for (const button of root.querySelectorAll('[data-do="copy"]')) {
        button.addEventListener("click", () => copy(button.parentElement.querySelector("code").textContent, button));
      }
    }
    if (!diagrams.length && !tables.length) return;
    page = { table: tables.find((table) => table.root.dataset.kv === "layers") };
    for (const chart of fresh(".kv-plot .kv-chart")) {
      roam(chart);
      chart.addEventListener("click", (event) => {
        const layer = /^#layer-(\d+)$/.exec(event.target.closest("a")?.getAttribute("xlink:href"));
        if (!layer || !page.table || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        page.table.visit(Number(layer[1]));
      });
    }
    if (diagrams.length) {
      if (!window.Panzoom) await load(new URL("panzoom.min.js", BASE).href);
      page.diagram = new Diagram(diagrams[0]);
      page.diagram.table = page.table;
      if (page.table) page.table.diagram = page.diagram;
    }
    arrive();
  }

  function arrive() {
    const number = addressed();
    if (!number || !page.table?.root.isConnected) return;
    page.table.reveal(number);
    page.diagram?.choose(number);
  }

  addEventListener("hashchange", arrive);
  addEventListener("popstate", arrive);
  window.keraviz = { start };
  // From a disk, Material has no instant navigation, but with that switched on its `document$` ends before it begins.
  if (window.document$ && location.protocol !== "file:") window.document$.subscribe(start);
  else if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
