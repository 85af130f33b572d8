"""What a reader can do with a page, in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, expect

from tests import browsing
from tests.browsing import eventually, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Build = Callable[..., Path]
# Machines that run tests may be busy.
expect.set_options(timeout=30_000)
THEME = (
    "{name: material, font: false, features: [navigation.instant], palette: ["
    '{media: "(prefers-color-scheme: light)", scheme: default, toggle: {icon: material/weather-night, name: Dark}},'
    '{media: "(prefers-color-scheme: dark)", scheme: slate, toggle: {icon: material/weather-sunny, name: Light}}]}'
)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(browsing.PATIENCE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose console must stay empty."""
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert said == []


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest) -> dict[str, Path]:
    """Sites that several tests look at, by name."""
    return {}


@pytest.fixture
def site(build: Build, tmp_path_factory: pytest.TempPathFactory, built: dict[str, Path]) -> Path:
    """A site below a sub-path, as on project pages."""
    if "http" not in built:
        root = tmp_path_factory.mktemp("served")
        shutil.copytree(build(theme=THEME), root / "project")
        built["http"] = root
    return built["http"]


@pytest.fixture
def address(site: Path, serve: Callable[[Path], str]) -> str:
    return f"{serve(site)}/project/models"


def scale(page: Page, variant: str = "tb") -> float:
    transform = page.locator(f'.kv-sheet[data-variant="{variant}"]').evaluate(
        "each => getComputedStyle(each).transform"
    )
    return float(transform.removeprefix("matrix(").split(",")[0])


def left(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["x"]


def is_central(page: Page, node: str) -> bool:
    """Whether a node stands around the middle of the stage."""
    stage, box = page.locator(".kv-stage").bounding_box(), page.locator(f"[id='{node}']").bounding_box()
    assert stage is not None
    assert box is not None
    dx = abs(stage["x"] + stage["width"] / 2 - box["x"] - box["width"] / 2)
    dy = abs(stage["y"] + stage["height"] / 2 - box["y"] - box["height"] / 2)
    return dx < 40 and dy < 40


def test_the_wheel_scrolls_the_page_and_zooms_only_with_a_modifier(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    expect(page.locator(".kv-hint")).to_be_visible()
    settle(page)
    before = scale(page)
    page.locator(".kv-stage").hover()
    page.mouse.wheel(0, 300)
    page.wait_for_function("scrollY > 0")
    assert scale(page) == before
    page.locator(".kv-stage").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    assert eventually(page, lambda: scale(page) > before)


def test_keys_move_zoom_and_fit(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    stage = page.locator(".kv-stage")
    stage.focus()
    settle(page)
    node = page.locator("#siamese-tb-n1")
    before = left(node)
    page.keyboard.press("ArrowRight")
    assert eventually(page, lambda: left(node) < before - 50)
    first = scale(page)
    page.keyboard.press("+")
    assert eventually(page, lambda: scale(page) > first)

    def fits() -> bool:
        box, around = page.locator("#siamese-tb").bounding_box(), stage.bounding_box()
        assert box is not None
        assert around is not None
        return around["y"] - 1 <= box["y"] and box["y"] + box["height"] <= around["y"] + around["height"] + 1

    for _ in range(9):
        page.keyboard.press("+")
    assert eventually(page, lambda: not fits())
    page.keyboard.press("0")
    assert eventually(page, fits)


def test_dragging_moves_and_is_no_click(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    node = page.locator("#siamese-tb-n3")
    node.scroll_into_view_if_needed()
    settle(page)
    before = node.bounding_box()
    assert before is not None
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=5)
    page.mouse.up()
    assert eventually(page, lambda: left(node) == pytest.approx(before["x"] + 60, abs=3))
    assert not page.url.endswith("#layer-3")


@pytest.mark.parametrize("wanted", ["7", "score", "add"])
def test_search_finds_a_layer_by_number_name_or_class(page: Page, address: str, wanted: str) -> None:
    page.goto(f"{address}/siamese/")
    page.get_by_label("Find a layer by number").fill(wanted)
    expect(page.locator(".kv-figure .kv-found")).to_have_text("1 of 1")
    expect(page.locator("#siamese-tb-n7")).to_have_class(re.compile("kv-current"))
    assert eventually(page, lambda: is_central(page, "siamese-tb-n7"))


def test_enter_goes_through_what_was_found(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    search = page.get_by_label("Find a layer by number")
    search.fill("dense")
    expect(page.locator("#siamese-tb-n3")).to_have_class(re.compile("kv-current"))
    search.press("Enter")
    expect(page.locator("#siamese-tb-n5")).to_have_class(re.compile("kv-current"))
    expect(page.locator(".kv-figure .kv-found")).to_have_text("2 of 2")
    search.fill("nothing like it")
    expect(page.locator(".kv-figure .kv-found")).to_have_text("none")


def test_a_node_leads_to_its_row_and_a_row_to_its_node(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    page.locator("#siamese-tb-n5").click()
    expect(page).to_have_url(re.compile("/siamese/#layer-5$"))
    row = page.locator("#layer-5")
    expect(row).to_have_class(re.compile("kv-current"))
    expect(row).to_be_in_viewport()
    page.locator("#layer-7 td").first.locator("a").click()
    expect(page).to_have_url(re.compile("#layer-7$"))
    expect(page.locator("#siamese-tb-n7")).to_be_in_viewport()
    assert eventually(page, lambda: is_central(page, "siamese-tb-n7"))
    page.go_back()
    expect(page.locator("#layer-7")).to_have_class(re.compile("^(?!.*kv-current)"))


def test_an_address_with_a_layer_opens_there(page: Page, address: str) -> None:
    page.goto(f"{address}/long/#layer-900")
    expect(page.locator("#layer-900")).to_be_in_viewport()
    expect(page.locator("#layer-900")).to_have_class(re.compile("kv-current"))


def test_hovering_shows_where_data_comes_from_and_goes(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    page.locator("#siamese-tb-n7").hover()
    expect(page.locator("#siamese-tb path.kv-in")).to_have_count(2)
    expect(page.locator("#siamese-tb path.kv-out")).to_have_count(1)
    page.mouse.move(5, 5)
    expect(page.locator("#siamese-tb path.kv-in")).to_have_count(0)


def test_other_variants_are_loaded_when_asked_for_and_keep_the_layer_in_view(page: Page, address: str) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{address}/siamese/#layer-7")
    assert not [url for url in requested if url.endswith("-lr.js")]
    page.get_by_role("tab", name="Left to right").click()
    expect(page.locator("#siamese-lr")).to_be_visible()
    expect(page.locator("#siamese-tb")).to_be_hidden()
    assert eventually(page, lambda: is_central(page, "siamese-lr-n7"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Numbered")).to_be_focused()
    expect(page.locator("#siamese-numbered")).to_be_visible()


def test_a_block_of_the_overview_opens_and_leads_back(page: Page, address: str) -> None:
    page.goto(f"{address}/staged/")
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    page.locator("#staged-overview-tb .kv-closed").nth(1).click()
    trail = page.locator(".kv-crumbs")
    expect(trail).to_have_text("Overview › stage2")
    expect(page.locator("svg:visible .kv-node").filter(has_text="dense_15").first).to_be_visible()
    trail.get_by_role("button", name="Overview").click()
    expect(trail).to_be_hidden()
    expect(page.locator("#staged-overview-tb")).to_be_visible()


def test_a_block_of_the_overview_opens_by_key(page: Page, address: str) -> None:
    page.goto(f"{address}/staged/")
    page.locator("#staged-overview-tb [data-target]").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".kv-crumbs")).to_have_text("Overview › stage2")


def test_a_layer_that_the_overview_hides_is_shown_in_its_block_and_in_the_whole_diagram(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/staged/#layer-15")
    expect(page.locator(".kv-crumbs")).to_have_text("Overview › stage2")
    expect(page.locator(".kv-sheet:visible [id$='-n15'].kv-current")).to_be_visible()
    page.get_by_role("tab", name="Top to bottom").click()
    expect(page.locator("#staged-tb-n15.kv-current")).to_be_visible()


def test_a_number_in_a_repeat_leads_to_the_block_drawn_once_and_says_which_repetition(page: Page, address: str) -> None:
    page.goto(f"{address}/huge/")
    expect(page.locator(".kv-condensed")).to_contain_text("each distinct block once")
    search = page.get_by_label("Find a layer by number")
    # Blocks of twelve layers from 2 on: 1371 is the second of repetition 115.
    for variant in ("Overview", "Top to bottom", "Left to right", "Numbered"):
        page.get_by_role("tab", name=variant).click()
        search.fill("1371")
        expect(page.locator(".kv-place")).to_have_text(
            re.compile(r"^Layer 1371 is in repetition 115 of 420( of Add block)?, drawn as 3\.$")
        )
        expect(page.locator(".kv-sheet:visible [id$='-n3'].kv-current")).to_be_visible()
    search.fill("1")
    expect(page.locator(".kv-place")).to_be_hidden()


def test_what_is_drawn_once_leads_from_the_table_too(page: Page, address: str) -> None:
    page.goto(f"{address}/huge/#layer-5000")
    expect(page.locator("#layer-5000")).to_have_class(re.compile("kv-current"))
    expect(page.locator(".kv-place")).to_contain_text("Layer 5000 is in repetition 417 of 420")


def test_full_screen_and_back(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    page.get_by_role("button", name="Full screen").click()
    expect(page.get_by_role("button", name="Full screen")).to_have_attribute("aria-pressed", "true")
    assert eventually(page, lambda: (page.locator(".kv-stage").bounding_box() or {"width": 0})["width"] > 1300)
    page.get_by_role("button", name="Full screen").click()
    expect(page.get_by_role("button", name="Full screen")).to_have_attribute("aria-pressed", "false")


# Tables


def test_opening_a_row_shows_settings_and_weights(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    button = page.get_by_role("button", name="Settings and weights of layer 3")
    button.click()
    expect(page.locator(".kv-open-row")).to_contain_text("units")
    expect(page.locator(".kv-open-row")).to_contain_text("kernel")
    expect(button).to_have_attribute("aria-expanded", "true")
    button.press("Enter")
    expect(page.locator(".kv-open-row")).to_have_count(0)


def test_sorting_by_parameters_and_back(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    head = page.locator(".kv-layers thead th", has_text="Parameters")
    numbers = page.locator(".kv-layers tbody tr[data-n] td:first-child")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(numbers.first).to_have_text("3")
    expect(page.locator("tr.kv-group")).to_have_count(0)
    head.get_by_role("button").click()
    head.get_by_role("button").click()
    expect(head).not_to_have_attribute("aria-sort", re.compile(".*"))
    expect(numbers.first).to_have_text("1")
    expect(page.locator("tr.kv-group")).to_have_count(2)


def test_filtering(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    page.get_by_label("Filter the layers").fill("dropout")
    expect(page.locator(".kv-layers .kv-found")).to_have_text("2 of 7")
    expect(page.locator(".kv-layers tbody tr")).to_have_count(2)
    page.get_by_label("Filter the layers").fill("zzz")
    expect(page.locator(".kv-layers tbody")).to_have_text("Nothing matches.")


def test_a_long_table_has_its_rows_on_demand(page: Page, address: str) -> None:
    page.goto(f"{address}/long/")
    rows = page.locator(".kv-layers tbody tr[data-n]")
    expect(rows).to_have_count(200)
    page.locator(".kv-layers .kv-scroll").evaluate("each => { each.scrollTop = each.scrollHeight }")
    expect(rows).to_have_count(400)
    page.get_by_label("Filter the layers").fill("dense_1201")
    expect(rows).to_have_count(1)


def test_a_table_of_five_thousand_rows_is_copied_whole_and_sorted(page: Page, address: str) -> None:
    page.goto(f"{address}/huge/")
    table = page.locator(".kv-layers")
    rows = table.locator("tbody tr[data-n]")
    expect(rows).to_have_count(200)
    table.get_by_role("button", name="Copy as CSV").click()
    expect(table.get_by_role("button", name="Copied")).to_be_visible()
    lines = str(page.evaluate("navigator.clipboard.readText()")).splitlines()
    assert len(lines) == 5042
    assert lines[-1].startswith("5041,layer_5041,Add")
    head = table.locator("thead th").first
    head.get_by_role("button").click()
    head.get_by_role("button").click()
    expect(rows.first).to_have_attribute("data-n", "5041")
    # Only what can be seen is in the document, so that nothing stalls.
    expect(rows).to_have_count(200)


def test_a_table_can_be_copied_as_csv(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    page.locator(".kv-layers").get_by_role("button", name="Copy as CSV").click()
    expect(page.locator(".kv-layers").get_by_role("button", name="Copied")).to_be_visible()
    lines = str(page.evaluate("navigator.clipboard.readText()")).splitlines()
    assert lines[0] == "#,Layer,Class,Output shape,dtype,Parameters,MACs,Activation,Connected to"
    assert lines[3] == '3,encoder/dense,Dense,"(None, 8)",float32,72,64,relu,1'
    assert lines[7].endswith(",4 6")
    assert len(lines) == 8


def test_the_snippet_can_be_copied(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "from zoo.towers import siamese\n\nmodel = siamese()"


def test_models_can_be_compared(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    names = page.locator(".kv-comparison tbody th")
    page.locator(".kv-comparison thead th", has_text="Model").get_by_role("button").click()
    expect(names.last).to_have_text("Variant")
    page.locator(".kv-card a", has_text="Siamese").first.click()
    expect(page.locator("h1")).to_contain_text("Siamese towers")


# Where and how it is read


def test_instant_navigation_sets_a_page_up_once_and_again(
    page: Page, build: Build, tmp_path: Path, serve: Callable[..., str]
) -> None:
    # Material navigates without loading only where the site is at its `site_url`.
    (tmp_path / "served").mkdir()
    served = serve(tmp_path / "served")
    build(theme=THEME, site_url=f"{served}/project/").rename(tmp_path / "served" / "project")
    page.goto(f"{served}/project/models/")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.stayed = true")
    for _ in range(2):
        page.locator(".kv-card a", has_text="Siamese towers").click()
        expect(page.locator(".kv-figure.kv-ready")).to_be_visible()
        expect(page.locator(".kv-layers .kv-open")).to_have_count(7)
        page.get_by_role("tab", name="Numbered").click()
        expect(page.locator("#siamese-numbered")).to_be_visible()
        page.locator(".md-header a.md-logo").click()
        page.locator("article a", has_text="Zoo").click()
    page.locator(".kv-card a", has_text="Long chain").click()
    expect(page.locator(".kv-layers tbody tr[data-n]")).to_have_count(200)
    page.locator("#long-tb-n2").click()
    expect(page.locator("#layer-2")).to_have_class(re.compile("kv-current"))
    assert page.evaluate("window.stayed") is True


@pytest.mark.parametrize("theme", [THEME.replace("navigation.instant", ""), THEME], ids=["plain", "instant"])
def test_everything_works_from_a_disk(page: Page, build: Build, theme: str) -> None:
    site = build("use_directory_urls: false", theme)
    page.goto((site / "models/index.html").as_uri())
    page.locator(".kv-card a").first.click()
    page.get_by_role("tab", name="Left to right").click()
    expect(page.locator("#siamese-lr")).to_be_visible()
    page.get_by_role("button", name="Settings and weights of layer 3").click()
    expect(page.locator(".kv-open-row")).to_contain_text("units")
    page.locator(".kv-variants a").click()
    expect(page.locator("h1")).to_contain_text("Variant")


def test_without_scripts_diagram_and_table_are_there(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/siamese/")
    expect(page.locator("#siamese-tb-n1")).to_be_visible()
    expect(page.locator("#layer-7")).to_be_visible()
    expect(page.get_by_role("link", name="Left to right")).to_have_attribute("href", "siamese-lr.svg")
    expect(page.locator(".kv-search input").first).to_be_hidden()
    page.goto(f"{address}/long/")
    expect(page.locator("#layer-1201")).to_be_attached()
    context.close()


def test_without_scripts_a_block_of_the_overview_leads_to_its_drawing_below(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/staged/")
    link = page.locator("#staged-overview-tb a").nth(1)
    target = link.get_attribute("xlink:href")
    assert target is not None
    expect(page.locator(target)).not_to_be_in_viewport()
    link.click()
    expect(page.locator(target)).to_be_in_viewport()
    expect(page.locator("figure", has=page.locator(target))).to_contain_text("stage2")
    page.locator("figure", has=page.locator(target)).get_by_role("link", name="back to the overview").click()
    expect(page.locator("#staged-overview-tb")).to_be_in_viewport()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_ink_is_dark_and_nothing_can_be_pressed(chromium: Browser, address: str, scheme: str) -> None:
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}/staged/")
    page.locator(".kv-figure.kv-ready").wait_for()
    page.emulate_media(media="print")
    colours = page.evaluate(
        "() => Object.fromEntries([['box', '.kv-stage .kv-node rect', 'fill'],"
        "['text', '.kv-stage .kv-node .kv-class', 'fill'],"
        "['row', '.kv-layers tbody th', 'color'], ['page', 'body', 'backgroundColor'], ['figure', '.kv-figures dd',"
        "'color']].map(([name, where, what]) => [name, getComputedStyle(document.querySelector(where))[what]]))"
    )
    assert brightness(colours["box"]) > 0.8
    assert colours["page"] == "rgba(0, 0, 0, 0)" or brightness(colours["page"]) > 0.9
    assert all(brightness(colours[name]) < 0.35 for name in ("text", "row", "figure"))
    for control in (".kv-figure .kv-tools", ".kv-tabs", ".kv-hint", ".kv-downloads", ".kv-layers [data-do=csv]"):
        expect(page.locator(control)).to_be_hidden()
    context.close()


def brightness(colour: str) -> float:
    """Of ``rgb(…)``, from 0 to 1."""
    channels = [float(value) for value in re.findall(r"[\d.]+", colour)[:3]]
    return sum(channels) / 3 / 255


def test_a_printed_page_has_the_overview_its_blocks_and_every_row(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    context = chromium.new_context(color_scheme="dark")
    page = context.new_page()
    for model in ("staged", "long"):
        page.goto(f"{address}/{model}/")
        page.locator(".kv-figure.kv-ready").wait_for()
        page.pdf(path=tmp_path / f"{model}.pdf", format="A4")
    context.close()
    staged, long = (
        subprocess.run(
            ["pdftotext", "-layout", str(tmp_path / f"{model}.pdf"), "-"], capture_output=True, text=True, check=True
        ).stdout
        for model in ("staged", "long")
    )
    assert staged.count("stage2") >= 3
    assert "dense_15" in staged
    assert "Copy as CSV" not in staged
    assert "Find a layer" not in staged
    assert "dense_1201" in long
    with_rows = [text for text in long.split("\f") if len(re.findall(r"dense_\d+ +Dense", text)) > 10]
    assert len(with_rows) > 10
    assert all(re.search(r"Layer +Class +Output shape", text) for text in with_rows), "the head comes again"


@pytest.mark.parametrize(("tab", "variant"), [("Left to right", "lr"), ("Top to bottom", "tb")])
def test_on_paper_a_diagram_is_cut_between_its_boxes(page: Page, address: str, tab: str, variant: str) -> None:
    page.goto(f"{address}/staged/")
    page.get_by_role("tab", name=tab).click()
    whole = page.locator(f"#staged-{variant}")
    expect(whole).to_be_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(whole).to_be_hidden()
    pieces = page.locator(".kv-slices > svg")
    assert pieces.count() > 4
    numbers = [text for text in pieces.locator(".kv-node .kv-number").all_text_contents() if text]
    assert sorted(map(int, numbers)) == list(range(1, 32))
    assert page.evaluate("""() => [...document.querySelectorAll('.kv-slices > svg')].every((piece) => {
      const page = piece.getBoundingClientRect();
      return [...piece.querySelectorAll('.kv-node')].every((node) => {
        const box = node.getBoundingClientRect();
        return box.left >= page.left && box.right <= page.right && box.top >= page.top && box.bottom <= page.bottom;
      });
    })""")
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(whole).to_be_visible()
    expect(pieces).to_have_count(0)


def test_on_paper_a_long_diagram_from_left_to_right_can_be_read(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = chromium.new_page(reduced_motion="reduce")
    page.goto(f"{address}/staged/")
    page.get_by_role("tab", name="Left to right").click()
    expect(page.locator("#staged-lr")).to_be_visible()
    page.pdf(path=tmp_path / "staged.pdf", format="A4")
    page.close()
    command = ["pdftotext", "-bbox", str(tmp_path / "staged.pdf"), "-"]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">dense_15<', words)
    assert len(found) == 2, "in the diagram, and in the table"
    assert all(float(bottom) - float(top) > 5 for top, bottom in found), "points"


# Touch: what the browser does with real touch points


class Fingers:
    """Touches a page through the DevTools protocol, as a touch screen would."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def move(self, *ways: tuple[tuple[float, float], tuple[float, float]], steps: int = 8) -> None:
        """Put fingers down, move each from one point to another, and lift them."""
        self._touch("touchStart", [start for start, _ in ways])
        for step in range(1, steps + 1):
            share = step / steps
            self._touch("touchMove", [(a + (c - a) * share, b + (d - b) * share) for (a, b), (c, d) in ways])
        self._touch("touchEnd", [])

    def _touch(self, kind: str, points: list[tuple[float, float]]) -> None:
        fingers = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


@pytest.fixture
def phone(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/siamese/")
    page.locator(".kv-stage").scroll_into_view_if_needed()
    settle(page)
    yield page
    context.close()


def middle(page: Page) -> tuple[float, float]:
    box = page.locator(".kv-stage").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, max(box["y"], 0) + 150


def test_two_fingers_zoom(phone: Page) -> None:
    before = scale(phone)
    x, y = middle(phone)
    Fingers(phone).move(((x - 20, y), (x - 120, y)), ((x + 20, y), (x + 120, y)))
    assert eventually(phone, lambda: scale(phone) > 1.5 * before)
    assert phone.evaluate("visualViewport.scale") == 1, "the page itself is not zoomed"


def test_one_finger_scrolls_the_page_past_the_diagram(phone: Page) -> None:
    before = scale(phone)
    scrolled = phone.evaluate("scrollY")
    x, y = middle(phone)
    Fingers(phone).move(((x, y + 200), (x, y)))
    assert eventually(phone, lambda: phone.evaluate("scrollY") > scrolled + 50)
    assert scale(phone) == before


def test_one_finger_moves_the_diagram_in_full_screen(phone: Page) -> None:
    phone.get_by_role("button", name="Full screen").click()
    settle(phone)
    node = phone.locator("#siamese-tb-n3")
    before = node.bounding_box()
    assert before is not None
    x, y = middle(phone)
    Fingers(phone).move(((x, y), (x + 60, y + 40)))
    wanted = pytest.approx((before["x"] + 60, before["y"] + 40), abs=12)

    def place() -> tuple[float, float]:
        box = node.bounding_box()
        assert box is not None
        return box["x"], box["y"]

    assert eventually(phone, lambda: place() == wanted), place()


@pytest.mark.parametrize("path", ["", "siamese/", "staged/", "huge/", "long/", "broken/", "hostile/"])
def test_a_phone_never_scrolls_sideways(chromium: Browser, address: str, path: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/{path}")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "siamese/", "staged/", "huge/", "broken/"])
def test_axe_finds_nothing(chromium: Browser, address: str, path: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}/{path}")
    settle(page)
    # The colours of code are the theme's.
    results = Axe().run(page, context={"include": [[".kv"]], "exclude": [[".highlight"]]})
    assert [
        (violation["id"], [node["html"][:120] for node in violation["nodes"][:3]])
        for violation in results.response["violations"]
    ] == []
    context.close()


def test_markup_in_names_never_runs(page: Page, address: str) -> None:
    alerts: list[str] = []

    def note(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    title = '</title></script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }} "q" & *x* | `c`'
    page.goto(f"{address}/")
    page.locator(".kv-card", has_text="onerror").get_by_role("link").click()
    expect(page).to_have_title(re.compile(re.escape(title)))
    expect(page.locator("h1")).to_contain_text(title)
    page.get_by_role("tab", name="Left to right").click()
    expect(page.locator("#hostile-lr")).to_be_visible()
    page.get_by_role("button", name="Settings and weights of layer 3").click()
    expect(page.locator(".kv-open-row")).to_contain_text("onerror=alert(2)")
    page.get_by_label("Find a layer by number").fill("<img")
    expect(page.locator(".kv-figure .kv-found")).to_have_text("1 of 7")
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially("onerror")
    expect(page.locator(".md-search-result__item").first).to_contain_text("onerror")
    assert alerts == []


def test_the_theme_switch_recolours_the_diagram(page: Page, address: str) -> None:
    page.goto(f"{address}/siamese/")
    box = page.locator("#siamese-tb-n3 rect").first
    light = box.evaluate("each => getComputedStyle(each).fill")
    page.get_by_title("Dark").click()
    expect(box).not_to_have_css("fill", light)
