"""``keraviz init``, run as a user runs it: real builders, real MkDocs."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from keraviz_docs import manifest
from keraviz_docs.starting import site_files

Result = subprocess.CompletedProcess[str]
Keraviz = Callable[..., Result]
Write = Callable[[Mapping[str, str]], Path]

ROOT = Path(__file__).parents[2]

MANIFEST = """\
# Written by `keraviz init`, once; from now on it is yours.
# Title, description, tags, variants: `keraviz schema` tells an editor all that can be said about a model.

title: Models

models:
  # towers.retrieval
  - builder: towers.retrieval:build_model
    id: retrieval
    section: Retrieval

  # unet
  - builder: unet:build_model
    id: unet
    section: Unet

  # Saved models, of which only the configuration is read
  - file: weights/digits.keras
    section: Saved models

# Left out, and why. Where an entry stands below, it can be taken up: mend it, and remove the first `# `.
#
# half
#   # `half` cannot be parsed: line 1: invalid syntax
#
# live
#   # `model` is a model, not a function that returns one: put it into a function
#
# towers.retrieval
#   # needs classes, width
#   - builder: towers.retrieval:needs
#     kwargs: {classes: null, width: null}
#   # does not know its input: say what it is fed, without the batch
#   - builder: towers.retrieval:Unbuilt
#     inputs: {shape: [224, 224, 3]}
#   # raised ValueError: the head is missing
#   - builder: towers.retrieval:raises
#   # returned an int instead of a keras.Model.
#   - builder: towers.retrieval:lies
#
# train-v2.py
#   # `train-v2.py` no import can name it: rename it
#
# trains
#   # importing it calls `net.fit` (line 12); put that below `if __name__ == "__main__":`
#   - builder: trains:classifier
"""


GITHUB = [
    ".github/workflows/docs.yml",
    ".github/workflows/architecture-review.yml",
    ".github/workflows/architecture-comment.yml",
    ".pre-commit-config.yaml",
]


def mkdocs(directory: Path, *arguments: str) -> Result:
    command = [sys.executable, "-m", "mkdocs", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and ".keraviz" not in path.parts and "__pycache__" not in path.parts
    }


def test_a_directory_of_scripts_gets_a_manifest_and_a_site(scripts: tuple[Path, Result]) -> None:
    directory, said = scripts
    assert (said.returncode, said.stdout.split()) == (0, ["zoo.yml", "mkdocs.yml", "docs/index.md", *GITHUB])
    assert (directory / "zoo.yml").read_text() == MANIFEST
    assert "3 models found, 8 left out: zoo.yml says why\nNext: mkdocs serve\nThen: keraviz snapshot" in said.stderr


def test_what_does_not_look_like_a_builder_is_never_run(scripts: tuple[Path, Result]) -> None:
    directory, _ = scripts
    assert not (directory / "called").exists()
    assert not (directory / "imported").exists()


def test_nothing_that_was_there_is_touched(scripts: tuple[Path, Result], sources: Mapping[str, str]) -> None:
    directory, _ = scripts
    assert {name: (directory / name).read_text() for name in sources} == sources


def test_the_site_builds_with_no_edit(scripts: tuple[Path, Result]) -> None:
    directory, _ = scripts
    built = mkdocs(directory, "build", "--strict")
    assert built.returncode == 0, built.stderr
    assert {path.parent.name for path in (directory / "site/models").glob("*/index.html")} == {
        "unet",
        "retrieval",
        "digits",
    }
    assert (directory / "site/index.html").is_file()
    # What `init` has tried, the first build need not read again.
    assert "3 models, 3 from the cache" in built.stderr


def test_the_manifest_is_valid_for_editors_too(scripts: tuple[Path, Result]) -> None:
    directory, _ = scripts
    assert [entry.id for entry in manifest.load(directory / "zoo.yml").entries if hasattr(entry, "id")] == [
        "retrieval",
        "unet",
        "digits",
    ]


def test_a_second_time_nothing_is_overwritten(scripts: tuple[Path, Result], keraviz: Keraviz) -> None:
    directory, _ = scripts
    before = contents(directory)
    again = keraviz(directory, "init", ".", "--github")
    assert again.returncode == 2
    assert again.stderr.startswith("Error: zoo.yml exists already, and is not overwritten: ")
    assert contents(directory) == before


@pytest.mark.slow
def test_the_same_code_gives_the_same_files(scripts: tuple[Path, Result], more_scripts: Path, keraviz: Keraviz) -> None:
    keraviz(more_scripts, "init", ".", "--github", PYTHONHASHSEED="7")
    first = {name: data for name, data in contents(scripts[0]).items() if not name.startswith("site/")}
    assert contents(more_scripts) == first


def test_an_existing_site_keeps_its_files_and_is_told_what_to_add(
    write: Write, sources: Mapping[str, str], keraviz: Keraviz
) -> None:
    ours = {
        "mkdocs.yml": "site_name: Ours\n",
        "docs/index.rst": "Ours",
        GITHUB[0]: "on: push\n",
        GITHUB[3]: "repos: []\n",
    }
    directory = write({"nets.py": sources["unet.py"], **ours})
    said = keraviz(directory, "init", ".", "--github")
    assert (said.returncode, said.stdout.split()) == (0, ["zoo.yml", GITHUB[1], GITHUB[2]])
    assert "mkdocs.yml was there already and stays as it is" in said.stderr
    assert "Add to mkdocs.yml:\n  plugins:\n    - search\n    - keraviz\n" in said.stderr
    assert "Add to .github/workflows/docs.yml:\n  - run: pip install keraviz-docs\n" in said.stderr
    assert "Add to .pre-commit-config.yaml:\n  - repo: local\n    hooks:\n      - id: keraviz-snapshot\n" in said.stderr
    assert {name: (directory / name).read_text() for name in ours} == ours
    assert sorted(path.name for path in (directory / "docs").iterdir()) == ["index.rst"]


@pytest.mark.parametrize(
    "plugins",
    [
        "plugins:\n  - search\n  - keraviz\n",
        "plugins: [search, keraviz]\n",
        "plugins:\n- 'keraviz':\n    path: zoo\n",
        "plugins:\n  search: {}\n  keraviz: {}\n",
    ],
)
def test_a_configuration_that_has_the_plugin_is_recognised(plugins: str) -> None:
    assert site_files.has_plugin(f"site_name: x\n{plugins}")


@pytest.mark.parametrize("plugins", ["", "plugins: [search]\n", "# keraviz\n", "repo_url: https://x.org/keraviz\n"])
def test_a_configuration_that_lacks_the_plugin_is_recognised(plugins: str) -> None:
    assert not site_files.has_plugin(f"site_name: x\n{plugins}")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a.py": "x = 1\n"}, "Error: no model in . (1 module searched): there is no function that returns"),
        (
            {"a.py": "import keras\ndef net(size) -> keras.Model: ...\n"},
            "size\nWrite zoo.yml by hand, such as:\n  models:\n  - builder: a:net\n    kwargs: {size: null}\n",
        ),
        (
            {"a.py": "import keras\ndef net() -> keras.Model: ...\n"},
            "Error: no model in . can be built as it is (1 module searched):\n  a:net: returned nothing (None)",
        ),
    ],
)
def test_where_there_is_no_model_nothing_is_written(
    write: Write, keraviz: Keraviz, files: dict[str, str], sentence: str
) -> None:
    directory = write(files)
    said = keraviz(directory, "init", ".")
    assert (said.returncode, said.stdout) == (2, "")
    assert sentence in said.stderr
    assert set(contents(directory)) == set(files)


def test_a_directory_that_nothing_came_into_is_not_left_behind(write: Write, keraviz: Keraviz) -> None:
    directory = write({"zoo/__init__.py": "import keras\ndef net() -> keras.Model: ...\n"})
    assert keraviz(directory, "init", "math", "-o", "new").returncode == 2
    (directory / "elsewhere").mkdir()
    said = keraviz(directory / "elsewhere", "init", "zoo", "-o", "new", PYTHONPATH=str(directory))
    assert "zoo:net: returned nothing (None)" in said.stderr
    assert list((directory / "elsewhere").iterdir()) == []
    keraviz(directory / "elsewhere", "init", "zoo", PYTHONPATH=str(directory))
    assert (directory / "elsewhere").is_dir()


def test_a_builder_that_needs_what_most_zoos_agree_on_is_tried_with_that(write: Write, keraviz: Keraviz) -> None:
    wanted = "(input_shape, num_classes) -> keras.Model:\n    "
    built = "return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(num_classes)])\n"
    refused = "raise ValueError('volumes only')\n"
    source = f"import keras\n\n\ndef flat{wanted}{built}\n\ndef deep{wanted}{refused}"
    directory = write({"nets.py": source})
    assert keraviz(directory, "init", ".").returncode == 0
    text = (directory / "zoo.yml").read_text()
    guess = "kwargs: {input_shape: [224, 224, 3], num_classes: 10} # a guess: it has no default\n"
    assert f"  - builder: nets:flat\n    {guess}" in text
    assert f"#   # raised ValueError: volumes only\n#   - builder: nets:deep\n#     {guess}" in text


def test_a_model_with_open_inputs_is_told_how_to_be_counted(write: Write, keraviz: Keraviz) -> None:
    source = """
        import keras
        from keras import layers

        def image() -> keras.Model:
            return keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 3)])

        def sized(image_size=96) -> keras.Model:
            return image()

        def pair() -> keras.Model:
            words, ids = keras.Input((None, 8), name="words"), keras.Input((None,), name="ids", dtype="int32")
            both = layers.Concatenate()([words, layers.Embedding(4, 2)(ids)])
            return keras.Model([words, ids], layers.Dense(2)(both))

        def uncounted() -> keras.Model:
            return keras.Sequential([keras.Input((None,)), layers.Rescaling(2.0)])
        """
    directory = write({"nets.py": textwrap.dedent(source)})
    assert keraviz(directory, "init", ".").returncode == 0
    text = (directory / "zoo.yml").read_text()
    assert text.count("take the `# ` from `inputs`") == 1
    entries = """
  - builder: nets:image
    # inputs: {shape: [224, 224, 3]}
  - builder: nets:sized
    inputs: {shape: [96, 96, 3]}
  - builder: nets:pair
    # inputs: {words: {shape: [128, 8]}, ids: {shape: [128], dtype: int32}}
  - builder: nets:uncounted
"""
    assert entries in text
    (directory / "zoo.yml").write_text(text.replace("    # inputs", "    inputs"))
    assert keraviz(directory, "extract", "zoo.yml", "-o", "out").returncode == 0
    totals = {name: json.loads((directory / f"out/{name}.json").read_text())["totals"] for name in ("image", "pair")}
    assert [total["macs_unknown"] for total in totals.values()] == [[], []]


@pytest.mark.slow
def test_a_builder_that_takes_too_long_is_left_out(write: Write, sources: Mapping[str, str], keraviz: Keraviz) -> None:
    slow = "import keras, time\n\n\ndef slow() -> keras.Model:\n    time.sleep(600)\n"
    directory = write({"nets.py": sources["unet.py"], "slow.py": slow})
    said = keraviz(directory, "init", ".", "--timeout", "20")
    assert said.returncode == 0
    text = (directory / "zoo.yml").read_text()
    assert "#   # took longer than 20 s\n#   - builder: slow:slow\n#     timeout: 600\n" in text


def test_a_longer_limit_is_kept_for_the_builds_to_come(
    write: Write, sources: Mapping[str, str], keraviz: Keraviz
) -> None:
    directory = write({"nets.py": sources["unet.py"]})
    keraviz(directory, "init", ".", "--timeout", "500")
    assert yaml.safe_load((directory / "zoo.yml").read_text())["defaults"] == {"timeout": 500}


@pytest.mark.slow
def test_a_published_zoo(write: Write, keraviz: Keraviz) -> None:
    directory = write({})
    said = keraviz(directory, "init", "kimm.models.mobilenet_v3", "-o", "pages", "--github")
    assert said.returncode == 0, said.stderr
    assert "Next: cd pages && mkdocs serve" in said.stderr
    names = ["MobileNetV3W050Small", "MobileNetV3W075Small", "MobileNetV3W100Small", "MobileNetV3W100SmallMinimal"]
    names += ["MobileNetV3W100LargeMinimal", "LCNet035", "LCNet050", "LCNet075", "LCNet100"]
    names += ["LCNet150"]
    listed = yaml.safe_load((directory / "pages/zoo.yml").read_text())["models"]
    # MobileNetV3W100Large of kimm 0.2.5 reads an attribute that nothing sets.
    assert [each for each in listed if not each["builder"].endswith(":MobileNetV3W100Large")] == [
        {"builder": f"kimm.models.mobilenet_v3:{name}"} for name in names
    ]
    assert "pip install keraviz-docs kimm\n" in (directory / "pages/.github/workflows/docs.yml").read_text()
    assert mkdocs(directory / "pages", "build", "--strict").returncode == 0


def test_what_a_builder_needs_is_installed(write: Write) -> None:
    directory = write({"requirements.txt": "", "pyproject.toml": ""})
    assert site_files.requirements(directory, None) == ("-r requirements.txt", "-e .")
    assert site_files.requirements(directory, "keras_hub") == ("-r requirements.txt", "keras-hub")
