"""Charts on real pages, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from keraviz_docs.pages import palette
from keraviz_docs.pages.model_page import Documented
from keraviz_docs.pages.writing import write
from tests import browsing
from tests.charts.conftest import Chain

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=30_000)
HOSTILE = '</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"q" & *x*'
MEETING = """() => {
  const texts = [...document.querySelectorAll('.kv-chart text')];
  const shown = texts.map((each) => [each.textContent, each.getBoundingClientRect()]).filter(([, box]) => box.width);
  const across = (one, other) => one.left < other.right - 1 && other.left < one.right - 1;
  const down = (one, other) => one.top + 3 < other.bottom - 3 && other.top + 3 < one.bottom - 3;
  return shown.flatMap(([text, box], index) => shown.slice(index + 1)
    .filter(([, other]) => across(box, other) && down(box, other)).map(([other]) => [text, other]));
}"""
"""Gives the pairs of texts of which one covers the other."""
THEME = (
    "{name: material, font: false, features: [navigation.instant], palette: ["
    '{media: "(prefers-color-scheme: light)", scheme: default},'
    '{media: "(prefers-color-scheme: dark)", scheme: slate}]}'
)


def staged(documented: Callable[..., Documented], name: str, scale: int, **entry: str) -> Documented:
    """A model of three stages with convolutions of growing width, of one of which the MACs are not known."""
    chain = Chain(shape=(None, 64, 64, 3))
    for stage in range(3):
        for part in range(8):
            shape = (None, 32 >> stage, 32 >> stage, 16 << stage)
            label = HOSTILE if name == "hostile" else f"stage{stage}_part{part}"
            macs = None if name == "partly" and part == 3 else 10_000 * scale
            chain.layer("Mystery", shape=shape, name=label, parameters=100 * scale << stage, macs=macs)
    model = chain.model()
    known = sum(node.macs or 0 for node in model.nodes)
    totals = msgspec.structs.replace(
        model.totals,
        parameters=sum(node.parameters for node in model.nodes),
        macs=known,
        macs_unknown=tuple(node.path for node in model.nodes if node.macs is None),
    )
    return documented(msgspec.structs.replace(model, totals=totals), id=name, **entry)


@pytest.fixture(scope="module")
def site(documented: Callable[..., Documented], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo of five models, and how MkDocs builds it: below ``served/project`` and as ``disk``."""
    root = tmp_path_factory.mktemp("charts")
    zoo = [
        staged(documented, "small", 1, title="Small", section="Vision"),
        staged(documented, "middle", 10, title="Middle", section="Vision"),
        staged(documented, "large", 1000, title="Large", section="Text"),
        staged(documented, "hostile", 30, title=HOSTILE, section=HOSTILE),
        staged(documented, "partly", 100, title="Partly known", section="Text"),
    ]
    write("Zoo", zoo, root / "docs/models")
    (root / "docs/index.md").write_text("# Home\n\n[Zoo](models/index.md)\n")
    for name, settings in (("served/project", "use_directory_urls: true"), ("disk", "use_directory_urls: false")):
        config = root / "mkdocs.yml"
        config.write_text(f"site_name: Test\nstrict: true\ntheme: {THEME}\nsite_dir: {name}\n{settings}\n")
        build_site(load_config(str(config)))
    return root


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        yield


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with browsing.server(site / "served") as served:
        yield f"{served}/project/models"


def position(page: Page, number: int) -> Locator:
    return page.locator(f'.kv-chart a[*|href="#layer-{number}"]')


def test_a_position_leads_to_its_row(page: Page, address: str) -> None:
    page.goto(f"{address}/small/")
    position(page, 9).locator(".kv-hit").click(force=True)
    expect(page).to_have_url(re.compile("#layer-9$"))
    expect(page.locator("#layer-9")).to_be_in_viewport()
    expect(page.locator("#layer-9")).to_have_class(re.compile("kv-current"))


def test_a_point_leads_to_a_model(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.locator(".kv-chart .kv-point a", has_text="Middle").click()
    expect(page.locator("h1")).to_contain_text("Middle")
    expect(page.locator(".kv-chart")).to_be_visible()


def test_a_chart_is_one_stop_of_the_tab_key_and_arrows_lead_on(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    points = page.locator(".kv-chart a")
    expect(page.locator('.kv-chart a[tabindex="0"]')).to_have_count(1)
    page.locator('.kv-chart a[tabindex="0"]').focus()
    titles = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Home", "End"):
        titles.append(page.evaluate("document.activeElement.querySelector('title').textContent.split(':')[0]"))
        page.keyboard.press(key)
    assert titles[:3] == ["Small", "Middle", HOSTILE]
    assert titles[4] == "Small"
    expect(points.filter(has_text="Large")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.kv-chart')") is None
    page.keyboard.press("Shift+Tab")
    expect(points.filter(has_text="Large")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Large")


def test_a_position_is_reached_by_key_and_leads_to_its_row(page: Page, address: str) -> None:
    page.goto(f"{address}/small/")
    page.locator('.kv-chart a[tabindex="0"]').focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#layer-25$"))
    expect(page.locator("#layer-25")).to_have_class(re.compile("kv-current"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "mark"), [("", ".kv-point path"), ("small/", ".kv-hit")])
def test_focus_in_a_chart_is_seen(chromium: Browser, address: str, path: str, mark: str, scheme: str) -> None:
    page = chromium.new_page(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{address}/{path}")
    first = page.locator('.kv-chart a[tabindex="0"]')
    paper = colour(page.locator("body"), "backgroundColor")
    page.keyboard.press("Tab")  # from now on, focus comes by key
    first.focus()
    shown = first.locator(mark.rpartition(" ")[2])
    expect(shown).to_have_css("stroke-width", re.compile("^[2-9]"))
    assert palette.contrast(painted(page, paper, colour(shown, "stroke")), painted(page, paper)) >= 3
    page.close()


def test_charts_work_from_a_disk(page: Page, site: Path) -> None:
    page.goto((site / "disk/models/index.html").as_uri())
    page.locator(".kv-chart .kv-point a", has_text="Large").click()
    expect(page.locator("h1")).to_contain_text("Large")
    position(page, 5).locator(".kv-hit").click(force=True)
    expect(page).to_have_url(re.compile("#layer-5$"))


def test_charts_need_no_scripts(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/small/")
    expect(page.locator(".kv-chart")).to_be_visible()
    position(page, 9).locator(".kv-hit").click(force=True)
    expect(page.locator("#layer-9")).to_be_in_viewport()
    expect(page.locator(".kv-chart a[tabindex]")).to_have_count(0)
    expect(page.locator(".kv-by-key")).to_be_hidden()
    context.close()


def test_what_stands_beside_a_chart(page: Page, address: str) -> None:
    page.goto(f"{address}/partly/")
    headings = page.locator("h2").all_text_contents()
    assert [heading.strip("¶\n ") for heading in headings] == ["Diagram", "Along the depth", "Layers", "Code"]
    expect(page.locator(".kv-plot figcaption")).to_contain_text("A dashed frame stands where MACs are not known.")
    expect(page.locator(".kv-chart .kv-unknown")).to_have_count(3)
    page.goto(f"{address}/")
    expect(page.locator(".kv-plot figcaption")).to_contain_text("Without 1 model of which not all MACs are known.")
    expect(page.locator(".kv-kinds li")).to_have_count(3)
    expect(page.locator(".kv-point")).to_have_count(4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_points_and_text_stand_out(chromium: Browser, address: str, scheme: str) -> None:
    page = chromium.new_page(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{address}/partly/")
    paper = colour(page.locator("body"), "backgroundColor")
    band, area = (colour(page.locator(f".kv-chart {each}").first, "fill") for each in (".kv-stage-band", ".kv-area"))
    for bars in (".kv-parameters", ".kv-macs"):
        bar = colour(page.locator(f".kv-chart {bars}").first, "fill")
        assert palette.contrast(painted(page, paper, bar), painted(page, paper, band)) >= 3
    for text in page.locator(".kv-chart text").all():
        ink, shade = colour(text, "fill"), painted(page, paper, band, area)
        assert palette.contrast(painted(page, shade, ink), shade) >= 4.5
    page.goto(f"{address}/")
    point = page.locator(".kv-chart .kv-point path").first
    for kind in range(10):
        point.evaluate("(each, kind) => each.setAttribute('class', `kv-kind-${kind}`)", kind)
        assert palette.contrast(painted(page, colour(point, "fill")), painted(page, paper)) >= 3
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "partly/"])
def test_axe_finds_nothing(chromium: Browser, address: str, path: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = chromium.new_page(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.goto(f"{address}/{path}")
    expect(page.locator(".kv-chart")).to_be_visible()
    results = Axe().run(page, context={"include": [[".kv-plot"]]})
    violations = [(each["id"], each["nodes"][0]["html"][:120]) for each in results.response["violations"]]
    assert violations == []
    assert {"svg-img-alt", "link-name", "color-contrast"} & {each["id"] for each in results.response["passes"]}
    page.close()


@pytest.mark.parametrize("width", [340, 390, 700, 1000, 1440, 2200])
@pytest.mark.parametrize("path", ["", "partly/"])
def test_no_label_covers_another_at_any_width(chromium: Browser, address: str, path: str, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{address}/{path}")
    expect(page.locator(".kv-chart")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(MEETING) == []
    page.close()


def test_markup_in_names_never_runs(page: Page, address: str) -> None:
    alerts: list[str] = []

    def note(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    for path in ("", "hostile/"):
        page.goto(f"{address}/{path}")
        expect(page.locator(".kv-chart title", has_text="<script>alert(1)</script>").first).to_be_attached()
        expect(page.locator(".kv-plot :is(script, img)")).to_have_count(0)
    assert alerts == []


def colour(element: Locator, name: str) -> str:
    """A computed colour, as CSS writes it."""
    return str(element.evaluate("(each, name) => getComputedStyle(each)[name]", name))


def painted(page: Page, *layers: str) -> str:
    """What is seen of colours of which some are translucent, one upon the other, as ``#rrggbb``."""
    red, green, blue = page.evaluate(
        """(layers) => {
          const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
          const context = canvas.getContext('2d');
          for (const layer of layers) { context.fillStyle = layer; context.fillRect(0, 0, 1, 1); }
          return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        list(layers),
    )
    return f"#{red:02x}{green:02x}{blue:02x}"
