"""Comparison and Changes pages on a real site, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config
from playwright.sync_api import Browser, Locator, Page, expect

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import Renderer, figure
from keraviz_docs.pages.changes_page import Changes, Period
from keraviz_docs.pages.comparison_page import ComparedPair
from keraviz_docs.pages.differences import Compared
from keraviz_docs.pages.model_page import Documented, Drawing
from keraviz_docs.pages.writing import write
from keraviz_docs.review.comparison import ModelComparison, compare, compare_zoos
from keraviz_docs.review.reports.figure import change_figure
from tests import browsing
from tests.browsing import settle
from tests.review.sketches import sketch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=30_000)
THEME = (
    "{name: material, font: false, features: [navigation.instant], palette: ["
    '{media: "(prefers-color-scheme: light)", scheme: default, toggle: {icon: material/weather-night, name: Dark}},'
    '{media: "(prefers-color-scheme: dark)", scheme: slate, toggle: {icon: material/weather-sunny, name: Light}}]}'
)
COMPARISON = "comparisons/small_vs_large/"
CHANGES = "changes/"
PAGES = [COMPARISON, CHANGES]


def chain(width: int, layers: int, activation: str) -> Architecture:
    lines = ["x: InputLayer -> ?x8"]
    lines += [
        f"hidden{number}: Dense activation={activation} units={width} -> ?x{width}; {width * 9} parameters"
        for number in range(1, layers + 1)
    ]
    return sketch("\n".join([*lines, f"y: Dense units=4 -> ?x4; {width * 4 + 4} parameters"]))


SMALL, LARGE = chain(8, 2, "relu"), chain(32, 12, "relu")
EARLIER: dict[str, Architecture] = {
    "small": chain(8, 5, "relu"),
    "large": chain(32, 12, "tanh"),
    "retired": SMALL,
    "odd": SMALL,
}
NOW: dict[str, Architecture | str] = {"small": SMALL, "large": LARGE, "odd": "it cannot be imported", "fresh": SMALL}


@pytest.fixture(scope="module")
def built(
    documented: Callable[..., Documented], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """Two models, compared, and what changed in them, as ``served/project`` and ``disk``; and the former's address."""
    root = tmp_path_factory.mktemp("compared")
    with Renderer() as renderer:

        def compared(model: ModelComparison, name: str, base: Architecture, head: Architecture) -> Compared:
            figures = (replace(change_figure(base, head, model, variant), id=name) for variant in ("tb", "lr"))
            return Compared(model, {figure.variant: renderer.svg(figure) for figure in figures})

        models = []
        for identifier, architecture in (("small", SMALL), ("large", LARGE)):
            named = msgspec.structs.replace(architecture, id=identifier)
            model = documented(named, id=identifier, title=f"The {identifier} one")
            drawing = Drawing("tb", renderer.svg(figure(named, "tb")), {})
            models.append(replace(model, drawings=(drawing,)))
        small, large = models
        pair = ComparedPair(small, large, compared(compare(SMALL, LARGE), "small_vs_large", SMALL, LARGE))
        found = compare_zoos(EARLIER, NOW, base_name="v1", head_name="now").models
        period = Period(
            "v1",
            None,
            tuple(
                compared(model, f"{model.id}-changes", EARLIER[model.id], LARGE if model.id == "large" else SMALL)
                if model.status == "changed"
                else Compared(model)
                for model in found
            ),
            slug="v1",
        )
    lost = Period("v0", "v1", problem="this clone does not have v0", slug="v0")
    write("Zoo", models, root / "docs/models", pairs=[pair], changes=Changes((period, lost)))
    (root / "docs/index.md").write_text("# Home\n\n[Zoo](models/index.md)\n")
    (root / "served").mkdir()
    # Material navigates without loading only where the site is at its `site_url`.
    with browsing.server(root / "served") as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        for name, urls in (("served/project", "true"), ("disk", "false")):
            (root / "mkdocs.yml").write_text(
                f"site_name: Test\nsite_url: {served}/project/\nstrict: true\ntheme: {THEME}\n"
                f"site_dir: {name}\nuse_directory_urls: {urls}\n"
            )
            build_site(load_config(str(root / "mkdocs.yml")))
        yield root, f"{served}/project/models"


@pytest.fixture
def site(built: tuple[Path, str]) -> Path:
    return built[0]


@pytest.fixture
def address(built: tuple[Path, str]) -> str:
    return built[1]


def laid(page: Page) -> Locator:
    """The drawing that is shown, once it has its first place on the stage."""
    sheet = page.locator(".kv-sheet:visible")
    expect(sheet).to_have_attribute("style", re.compile("transform: scale"))
    return sheet


def scale(sheet: Locator) -> float:
    transform = str(sheet.evaluate("each => getComputedStyle(each).transform"))
    return float(transform.removeprefix("matrix(").split(",")[0])


def is_chosen(page: Page, layer: int) -> None:
    row = page.locator(f"#layer-{layer}")
    expect(row).to_have_class(re.compile("kv-current"))
    expect(row).to_be_in_viewport()


def test_every_link_leads_somewhere(site: Path, broken_links: Callable[[Path], list[str]]) -> None:
    assert broken_links(site / "disk") == []
    assert broken_links(site / "served/project") == []


def test_a_comparison_leads_to_both_models_and_to_their_layers(page: Page, address: str) -> None:
    for title in ("The small one", "The large one"):
        page.goto(f"{address}/{COMPARISON}")
        page.locator(".kv-pair").get_by_role("link", name=title).click()
        expect(page.locator("h1")).to_contain_text(title)
    page.goto(f"{address}/{COMPARISON}")
    page.get_by_text(re.compile(r"^\d+ changes$")).click()
    page.locator(".kv-fold[open]").get_by_role("link", name="#9", exact=True).click()
    expect(page.locator("h1")).to_contain_text("The large one")
    is_chosen(page, 9)


def test_changes_lead_to_what_changed_and_to_its_layers(page: Page, address: str) -> None:
    page.goto(f"{address}/{CHANGES}")
    page.locator(".kv-period").get_by_role("link", name="The large one").click()
    part = page.locator("#large-since-v1")
    expect(part).to_be_in_viewport()
    part.get_by_text(re.compile(r"^\d+ changes$")).click()
    part.get_by_role("link", name="#2", exact=True).click()
    expect(page.locator("h1")).to_contain_text("The large one")
    is_chosen(page, 2)


def test_a_model_leads_to_its_comparison_and_to_what_changed_in_it(page: Page, address: str) -> None:
    page.goto(f"{address}/small/")
    page.get_by_role("link", name="changed since v1").click()
    expect(page.locator("#small-since-v1")).to_be_in_viewport()
    page.goto(f"{address}/small/")
    page.locator("a.kv-chip", has_text="The large one").click()
    expect(page.locator("h1")).to_contain_text("The small one vs The large one")
    expect(page.locator(".kv-figure.kv-ready")).to_be_visible()


def test_every_fate_of_a_model_is_told(page: Page, address: str) -> None:
    page.goto(f"{address}/{CHANGES}")
    told = {row.locator("th").inner_text(): row.inner_text() for row in page.locator(".kv-period tbody tr").all()}
    assert re.search(r"\bnew\b", told["fresh"])
    assert re.search(r"\bremoved\b", told["retired"])
    assert "could not be compared: it cannot be imported" in told["odd"]
    expect(page.get_by_role("note")).to_have_text("What changed since v0 is not known: this clone does not have v0.")


def test_the_diagram_of_both_can_be_moved_zoomed_and_turned(page: Page, address: str) -> None:
    page.goto(f"{address}/{COMPARISON}")
    sheet = laid(page)
    node = page.locator("#small_vs_large-tb .kv-node").first
    place, before, size = node.bounding_box(), sheet.get_attribute("style"), scale(sheet)
    page.locator(".kv-stage").focus()
    page.keyboard.press("ArrowRight")
    expect(sheet).not_to_have_attribute("style", str(before))
    moved = node.bounding_box()
    assert place is not None
    assert moved is not None
    assert moved["x"] < place["x"] - 50
    before = sheet.get_attribute("style")
    page.get_by_role("button", name="Zoom in").click()
    expect(sheet).not_to_have_attribute("style", str(before))
    assert scale(sheet) > size
    page.get_by_role("tab", name="Left to right").click()
    expect(page.locator("#small_vs_large-lr")).to_be_visible()
    expect(page.locator("#small_vs_large-tb")).to_be_hidden()


def test_a_long_diagram_of_changes_is_scrolled_by_key(page: Page, address: str) -> None:
    page.goto(f"{address}/{CHANGES}")
    still = page.get_by_role("region", name="Diagram of what changed in The large one")
    assert still.evaluate("each => each.scrollHeight > each.clientHeight")
    still.focus()
    page.keyboard.press("End")
    expect(still.locator(".kv-node").last).to_be_in_viewport()


def test_on_paper_diagrams_of_changes_are_whole(page: Page, address: str) -> None:
    page.goto(f"{address}/{CHANGES}")
    still = page.get_by_role("region", name="Diagram of what changed in The large one")
    boxes = still.locator(".kv-node").count()
    page.locator(".kv-table").wait_for()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(still.locator(".kv-slices .kv-node")).to_have_count(boxes)
    assert still.evaluate("each => each.scrollHeight <= each.clientHeight + 1")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(still.locator(".kv-node")).to_have_count(boxes)


def test_instant_navigation_leaves_a_diagram_that_moves(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.stayed = true")
    page.locator(".kv-links a").first.click()
    expect(page.locator(".kv-figure.kv-ready")).to_be_visible()
    page.locator(".kv-pair a").first.click()
    expect(page.locator("h1")).to_contain_text("The small one")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("The small one vs The large one")
    expect(page.locator(".kv-figure.kv-ready")).to_be_visible()
    settle(page)
    sheet = laid(page)
    before, size = sheet.get_attribute("style"), scale(sheet)
    page.get_by_role("button", name="Zoom in").click()
    expect(sheet).not_to_have_attribute("style", str(before))
    assert scale(sheet) > size
    assert page.evaluate("window.stayed")


@pytest.mark.parametrize("path", PAGES)
def test_they_work_from_a_disk(page: Page, site: Path, path: str) -> None:
    page.goto((site / "disk/models" / path / "index.html").as_uri())
    expect(page.locator(".kv-diagram:visible").first).to_be_visible()
    if path == COMPARISON:
        page.get_by_role("tab", name="Left to right").click()
        expect(page.locator("#small_vs_large-lr")).to_be_visible()
    page.locator(".kv-table").get_by_role("link", name="The large one").click()
    expect(page.get_by_role("heading", name="The large one").first).to_be_in_viewport()


@pytest.mark.parametrize("path", PAGES)
def test_without_scripts_everything_is_there(chromium: Browser, address: str, path: str) -> None:
    page = chromium.new_page(java_script_enabled=False)
    page.goto(f"{address}/{path}")
    fold = page.locator(".kv-fold").first
    fold.locator("summary").click()
    expect(fold.locator("li").first).to_be_visible()
    expect(page.locator(".kv-verdict").first).to_be_visible()
    expect(page.locator("svg.kv-diagram .kv-node").first).to_be_visible()
    for link in page.locator('.kv a[href$=".svg"]').all():
        assert page.request.get(f"{address}/{path}{link.get_attribute('href')}").ok
    page.locator(".kv-table").get_by_role("link", name="The large one").click()
    expect(page.get_by_role("heading", name="The large one").first).to_be_in_viewport()
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_never_scrolls_sideways(chromium: Browser, address: str, path: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/{path}")
    expect(page.locator(".kv-diagram:visible").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(chromium: Browser, address: str, path: str, scheme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = chromium.new_page(
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    page.goto(f"{address}/{path}")
    if path == COMPARISON:
        page.locator(".kv-figure.kv-ready").wait_for()
    for fold in page.locator(".kv-fold summary").all():
        fold.click()
    results = Axe().run(page, context={"include": [[".kv"]]})
    assert [
        (violation["id"], [node["html"][:120] for node in violation["nodes"][:3]])
        for violation in results.response["violations"]
    ] == []
    assert "color-contrast" in {each["id"] for each in results.response["passes"]}
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_the_theme_switch_recolours_the_marks(page: Page, address: str, path: str) -> None:
    page.goto(f"{address}/{path}")
    mark = page.locator(".kv-node rect").nth(1)
    light = mark.evaluate("each => getComputedStyle(each).fill")
    page.get_by_title("Dark").click()
    expect(mark).not_to_have_css("fill", light)
