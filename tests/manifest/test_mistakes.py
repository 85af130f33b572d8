"""Every mistake has a place and one clear sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keraviz_docs import manifest
from keraviz_docs.errors import UserError


def told(text: str) -> str:
    with pytest.raises(manifest.ManifestError) as caught:
        manifest.loads(text, Path("zoo.yml"))
    return re.sub(r" \[KV\d{3}\]", "", caught.value.message)


EMPTY = "the manifest is empty: it needs 'models:' with a list, such as - builder: package.module:function"
EXAMPLE = "[{builder: zoo.residual:residual_model, kwargs: {filters: 64}}]"
KINDS = "'builder' (package.module:function), 'discover' (package.module) and 'file' (a .keras file)"
TARGET = "is not an import path like package.module:name"
BUILT = (
    "builder, kwargs, id, title, section, description, source, tags, references, inputs, batch, expand, timeout, "
    "memory, review and variants"
)
VARIANT = "id, kwargs, title, description, tags, references, inputs, batch, expand, timeout, memory and review"

# In these tables ▸ stands where the mistake must be found.


TOP = [
    ("▸", EMPTY),
    ("▸# nothing\n", EMPTY),
    ("▸~", "the manifest is empty: give it a mapping"),
    ("▸- builder: zoo:f", "the manifest must be a mapping, not a list: put 'models:' above the list of models"),
    ("▸zoo", "the manifest must be a mapping, not the text 'zoo'"),
    ("▸title: Zoo", "the key 'models' is missing: it lists the models, each as - builder: package.module:function"),
    ("▸model: []", "unknown key 'model' in this manifest: did you mean 'models'?"),
    ("models: ▸[]", f"'models' is empty: list at least one, such as {EXAMPLE}"),
    ("models:▸", f"'models' is empty: give it a list such as {EXAMPLE}"),
    ("models: [▸zoo:f]", "model 1 must be a mapping, not the text 'zoo:f': write builder: zoo:f"),
    ("models: [▸a.keras]", "model 1 must be a mapping, not the text 'a.keras': write file: a.keras"),
    ("on_error: ▸fial\nmodels: [{builder: 'z:f'}]", "'on_error' cannot be 'fial': did you mean 'fail'?"),
    ("graphviz: ▸dot\nmodels: [{builder: 'z:f'}]", "'graphviz' cannot be 'dot': it is bundled or system"),
    ("executor: ▸locol\nmodels: [{builder: 'z:f'}]", "'locol' is no executor: did you mean 'local'?"),
    ("executor: ▸ray\nmodels: [{builder: 'z:f'}]", "'ray' is no executor: there is local, dask and dask:ADDRESS"),
    (
        "executor: ▸tcp://10.0.0.1:8786\nmodels: [{builder: 'z:f'}]",
        "'tcp://10.0.0.1:8786' is no executor: for the Dask scheduler at this address write 'dask:tcp://10.0.0.1:8786'",
    ),
    (
        "defaults: {▸kwargs: {}}\nmodels: [{builder: 'z:f'}]",
        "unknown key 'kwargs' in this set of defaults: there is section, tags, batch, expand, timeout and memory",
    ),
]

SYNTAX = [
    ("models:\n▸\t- builder: z:f", "a tab cannot indent YAML: use spaces"),
    ("title: a▸: b", "a ':' is out of place: indent the line like its neighbours, or quote the text"),
    ("title: ▸- b", "a '-' is out of place: start the list on its own line"),
    ("models:\n- builder: z:f\n  tags: [a\n- builder▸: z:g\n", "this list is not closed: a ',' or ']' is missing"),
    ("models: [▸", "something is missing: a bracket is opened and never closed"),
    ("models:\n- kwargs: {a: 1\n  id▸: x\n", "this mapping is not closed: a ',' or '}' is missing"),
    ("title: ▸'Zoo\nmodels: []\n", "this quoted text is not closed: its second quote is missing"),
    ("title: ▸@zoo", "text cannot start with this character: put the text in quotes"),
    (
        "models:\n  - builder: z:f\n ▸- builder: z\n",
        "the indentation does not fit: align this line with its neighbours",
    ),
    ("models: ▸*zoo", "this alias (*name) refers to an anchor (&name) that is not defined above"),
    ("a: &x 1\nb: ▸&x 2", "this anchor (&name) is defined twice"),
    ("a: 1\n▸---\nb: 2", "a second document ('---') starts here: a manifest is one document"),
    ("a: ▸!x!y z", "this tag is not defined: only plain values and !tuple [...] are allowed"),
    ('a: "C:\\▸zoo"', "unknown escape in double quotes: double the backslash, or use single quotes"),
    ("a: b\nzoo▸\n", "a ':' is missing after this key"),
    ("a: ▸\x07", "the character U+0007 is not allowed: delete it, or write it as an escape in quotes"),
    ("a:\n- b\n- ▸\x1b", "the character U+001B is not allowed: delete it, or write it as an escape in quotes"),
    ("[" * 30 + "▸" + "[" * 470, "nested too deep: a manifest has at most 30 levels"),
    ("a: ▸&a [*a]", "this value contains itself through an alias"),
    ("a: ▸&a {<<: *a}", "this value contains itself through an alias"),
]

ENTRIES = [
    ("▸bilder: 'zoo:f'", "unknown key 'bilder' in this model: did you mean 'builder'?"),
    ("▸fiel: a.keras", "unknown key 'fiel' in this model: did you mean 'file'?"),
    ("▸discovr: zoo", "unknown key 'discovr' in this model: did you mean 'discover'?"),
    (
        "title: Lost",
        f"this model needs one of {KINDS}",
    ),
    (
        "builder: 'z:f', ▸qqq: 1",
        f"unknown key 'qqq' in this model: there is {BUILT}",
    ),
    ("builder: 'z:f', ▸discover: z", "this model has 'builder' and 'discover': keep one, or write an entry for each"),
    (
        "discover: z, ▸kwargs: {}",
        "unknown key 'kwargs' in this discovered module: only a model with 'builder' has it, not one with 'discover'",
    ),
    ("discover: z, ▸sectoin: V", "unknown key 'sectoin' in this discovered module: did you mean 'section'?"),
    ("discover: ▸'z:f'", "'z:f' is not a module like package.module: write builder: z:f for one function"),
    ("discover: ▸zoo/vae.py", "'zoo/vae.py' is not a module like package.module: did you mean 'zoo.vae'?"),
    ("builder: ▸zoo.vae.f", f"'zoo.vae.f' {TARGET}: did you mean 'zoo.vae:f'?"),
    ("builder: ▸'a/b.py:f'", f"'a/b.py:f' {TARGET}: did you mean 'a.b:f'?"),
    (
        "builder: ▸'zoo:f(1)'",
        f"'zoo:f(1)' {TARGET}: leave out the parentheses, arguments go into 'kwargs'",
    ),
    ("builder: ▸f", f"'f' {TARGET}"),
    ("builder: ▸7", "'builder' must be text, not the number 7: put it in quotes: '7'"),
    ("builder: 'z:f', id: ▸123", "'id' must be text, not the number 123: put it in quotes: '123'"),
    ("builder: 'z:f', title: ▸no", "'title' must be text, not no (which YAML reads as false): put it in quotes: 'no'"),
    ("builder: 'z:f', title: ▸false", "'title' must be text, not false: put it in quotes: 'false'"),
    ("builder: 'z:f', title:▸", "'title' is empty: give it text such as Residual model"),
    ("builder: 'z:f', title: ▸''", "'title' is empty: fill it or leave it out, such as Residual model"),
    (
        "builder: 'z:f', title: ▸2020-01-02",
        "YAML reads 2020-01-02 as a date: put it in quotes to make it text: '2020-01-02'",
    ),
    ("builder: 'z:f', title: ▸=", "YAML gives a bare = a meaning of its own: put it in quotes to make it text: '='"),
    ("builder: 'z:f', id: ▸ResNet_50", "the id 'ResNet_50' may only hold a-z, 0-9 and '-' (inside): write 'resnet-50'"),
    ("builder: 'z:f', id: ▸-a", "the id '-a' may only hold a-z, 0-9 and '-' (inside): write 'a'"),
    ('builder: "z:f", id: ▸"a\\n"', "the id 'a\\n' may only hold a-z, 0-9 and '-' (inside): write 'a'"),
    ("builder: 'z:f', id: ▸模型", "the id '模型' may only hold a-z, 0-9 and '-' (inside)"),
    (f"builder: 'z:f', id: ▸{'a' * 101}", "an id has at most 100 characters"),
    ("builder: 'z:f', id: ▸index", "the id 'index' is taken by the index page: choose another"),
    ("builder: 'z:模型'", "this model needs an 'id': none can be derived from its name"),
    ("builder: 'z:f', tags: ▸small", "'tags' must be a list, not the text 'small': write [small]"),
    ("builder: 'z:f', tags: ▸!tuple [a]", "'tags' must be a list such as [residual, small], not a tuple"),
    ("builder: 'z:f', tags: [a, b, ▸a]", "'a' is in 'tags' twice: keep one"),
    ("builder: 'z:f', tags: [▸1]", "item 1 of 'tags' must be text, not the number 1: put it in quotes: '1'"),
    ("builder: 'z:f', references: [▸1512.03385v1]", "'1512.03385v1' is not a web address: it starts with https://"),
    (
        "builder: 'z:f', source: ▸javascript:alert(1)",
        "'javascript:alert(1)' is not a web address: it starts with https://",
    ),
    ("builder: 'z:f', kwargs: ▸[1]", "'kwargs' must be a mapping such as {filters: 64}, not a list"),
    ("builder: 'z:f', kwargs: {▸a-b: 1}", "'kwargs': 'a-b' cannot be the name of an argument"),
    ("builder: 'z:f', kwargs: {▸1: 1}", "'kwargs': a name must be text, not the number 1: put it in quotes"),
    ("builder: 'z:f', batch: ▸0", "'batch' must be at least 1, not 0"),
    (
        "builder: 'z:f', batch: ▸yes",
        "'batch' must be a whole number or null such as 8, not yes (which YAML reads as true)",
    ),
    ("builder: 'z:f', batch: ▸1.0", "'batch' must be a whole number or null such as 8, not the number 1.0"),
    ("builder: 'z:f', timeout: ▸0", "'timeout' must be more than 0, not 0"),
    ("builder: 'z:f', timeout: ▸.nan", "'timeout' must be a number such as 300, not .nan"),
    ("builder: 'z:f', timeout: ▸1e9", "'timeout' must be a number such as 300, not the text '1e9'"),
    ("builder: 'z:f', timeout: ▸1000000", "'timeout' must be at most 604,800, not 1000000"),
    ("builder: 'z:f', expand: ▸al", "'expand' cannot be 'al': did you mean 'all'?"),
    ("builder: 'z:f', expand: ▸1.5", "'expand' cannot be the number 1.5: it is all or none, or a number of levels"),
    ("builder: 'z:f', expand: ▸-1", "'expand' must be at least 0, not -1"),
    ("builder: 'z:f', inputs: ▸[32, 3]", "'inputs' must say what its numbers are: write {shape: [32, 32, 3]}"),
    ("builder: 'z:f', inputs: {x: {▸shpe: [3]}}", "unknown key 'shpe' in this input: did you mean 'shape'?"),
    (
        "builder: 'z:f', inputs: ▸{dtype: int32}",
        "the key 'shape' is missing: give the dimensions without the batch, such as [32, 32, 3]",
    ),
    ("builder: 'z:f', inputs: {shape: [3], ▸dtyp: x}", "unknown key 'dtyp' in this input: did you mean 'dtype'?"),
    ("builder: 'z:f', inputs: {shape: ▸3}", "'shape' must be a list such as [32, 32, 3], not the number 3"),
    ("builder: 'z:f', inputs: {shape: [▸-1]}", "item 1 of 'shape' must be at least 1, not -1"),
    ("builder: 'z:f', inputs: {shape: [3], dtype: ▸flaot16}", "'dtype' cannot be 'flaot16': did you mean 'float16'?"),
    (
        "builder: 'z:f', inputs: ▸3",
        "'inputs' must be a mapping or a list such as {shape: [32, 32, 3]}, not the number 3",
    ),
    ("builder: 'z:f', inputs: ▸{}", "'inputs' is empty: fill it or leave it out"),
    ("builder: 'z:f', inputs: {▸1: {shape: [3]}}", "'inputs': a name must be text, not the number 1: put it in quotes"),
    ("builder: 'z:f', variants: [▸{kwargs: {}}]", "this variant needs an 'id', such as small"),
    (
        "builder: 'z:f', variants: [{id: a, ▸builder: x}]",
        f"unknown key 'builder' in this variant: there is {VARIANT}",
    ),
    (
        "builder: 'z:f', variants: [{id: a, ▸section: V}]",
        "unknown key 'section' in this variant: write it one level up",
    ),
    (
        "builder: 'z:f', variants: ▸[]",
        "'variants' is empty: fill it or leave it out, such as [{id: small, kwargs: {filters: 16}}]",
    ),
    ("file: ▸a.h5", "'a.h5' is no .keras file: save the model with model.save('name.keras') to list it here"),
    ("file: ▸nothing.keras", "there is no file 'nothing.keras' (a path is relative to the manifest)"),
    (
        "builder: 'z:f', kwargs: {x: ▸!!python/object/apply:os.system [ls]}",
        "the tag '!!python/object/apply:os.system' is not allowed here: only plain values and !tuple [...] are",
    ),
    (
        "builder: 'z:f', kwargs: {x: ▸!!python/tuple [1]}",
        "the tag '!!python/tuple' is not allowed here: write !tuple for a tuple",
    ),
    ("builder: 'z:f', kwargs: {x: ▸!tuple a}", "!tuple makes a tuple of a list: write !tuple [1, 2]"),
    (
        "builder: 'z:f', kwargs: {x: ▸!zoo {a: 1}}",
        "the tag '!zoo' is not allowed here: only plain values and !tuple [...] are",
    ),
    (
        "builder: 'z:f', kwargs: {x: ▸!!binary aGk=}",
        "the tag '!!binary' is not allowed here: only plain values and !tuple [...] are",
    ),
    ("builder: 'z:f', kwargs: {x: ▸!!bool maybe}", "'maybe' is not a valid bool"),
    ("builder: 'z:f', kwargs: {x: ▸0b_}", "'0b_' is not a valid int"),
    (f"builder: 'z:f', kwargs: {{x: ▸0x{'f' * 300}}}", f"'0x{'f' * 57}…' is too large a number"),
    (
        'builder: "z:f", kwargs: {x: ▸"\\0"}',
        "this text contains a character that no file can hold (NUL or half a surrogate pair)",
    ),
    (
        'builder: "z:f", kwargs: {x: ▸"\\uD800"}',
        "this text contains a character that no file can hold (NUL or half a surrogate pair)",
    ),
    ("builder: 'z:f', kwargs: {x: {<<: ▸3}}", "'<<' merges a mapping, or a list of mappings: this is something else"),
    ("builder: 'z:f', kwargs: {x: {▸[1]: 2}}", "a key must be one word or text, not a list or mapping"),
    ("builder: 'z:f', kwargs: {x: 1, ▸x: 2}", "the key 'x' is here twice; first at zoo.yml:1:36: keep one"),
    ("builder: 'z:f', ▸builder: 'z:g'", "the key 'builder' is here twice; first at zoo.yml:1:11: keep one"),
]


@pytest.mark.parametrize(("marked", "sentence"), [*TOP, *SYNTAX])
def test_a_mistake_in_the_manifest(marked: str, sentence: str) -> None:
    before = marked[: marked.index("▸")]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert told(marked.replace("▸", "")) == f"zoo.yml:{line}:{column}: {sentence}"


REVIEW = [
    ("review: {▸chekpoint: error}", "unknown key 'chekpoint' in this review policy: did you mean 'checkpoint'?"),
    ("review: {checkpoint: ▸eror}", "'checkpoint' cannot be 'eror': did you mean 'error'?"),
    ("review: {macs: {max_increase: ▸5}}", "'max_increase' must be text, not the number 5: write 5%"),
    ("review: {macs: {max_increase: ▸much}}", "'much' is no share: write a percentage, such as 5%"),
    ("review: {macs: ▸{}}", "the key 'max_increase' is missing: say how much more is let through, such as 5%"),
    ("compare: [▸[one]]", "item 1 of 'compare' must name 2 models, not 1, such as [resnet50, resnet101]"),
    ("compare: [[one, ▸twoo]]", "there is no model 'twoo' to compare: did you mean 'two'?"),
    ("compare: [{models: [one, ▸three]}]", "there is no model 'three' to compare: there is one, one-small and two"),
    ("compare: [▸[one, one]]", "'one' cannot be compared with itself: name two models"),
    ("compare: [{▸modles: [one, two]}]", "unknown key 'modles' in this pair: did you mean 'models'?"),
    ("compare: [▸{title: T}]", "the key 'models' is missing: it names the two, such as [resnet50, resnet101]"),
    ("changes: {since: ▸1.2}", "'since' must be text, not the number 1.2: put it in quotes: '1.2'"),
    ("changes: ▸v1.2", "'changes' must be a mapping such as {since: v1.2}, not the text 'v1.2'"),
    (
        "changes: {since: v1, ▸tags: v*}",
        "'changes' has 'since' and 'tags': keep one, they both say what to compare with",
    ),
]


@pytest.mark.parametrize(("marked", "sentence"), REVIEW)
def test_a_mistake_in_what_is_compared(marked: str, sentence: str) -> None:
    line, column = 2, marked.index("▸") + 1
    models = "models: [{id: one, builder: 'z:f', variants: [{id: small}]}, {id: two, builder: 'z:g'}]\n"
    assert told(models + marked.replace("▸", "")) == f"zoo.yml:{line}:{column}: {sentence}"


def test_what_will_be_discovered_may_be_compared() -> None:
    zoo = manifest.loads("models: [{discover: zoo.all}]\ncompare: [[one, two]]", Path("zoo.yml"))
    assert zoo.pairs[0].models == ("one", "two")


@pytest.mark.parametrize(("marked", "sentence"), ENTRIES)
def test_a_mistake_in_an_entry(marked: str, sentence: str) -> None:
    whole = f"models: [{{{marked}}}]" if "▸" in marked else f"models: [▸{{{marked}}}]"
    assert told(whole.replace("▸", "")) == f"zoo.yml:1:{whole.index('▸') + 1}: {sentence}"


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """
titel: Zoo
models:
  - builder: zoo.f
    id: Bad
    tags: x
  - discover: zoo
    kwargs: {}
  - builder: zoo:g
    date: 2020-01-01
"""
    assert [line.split(": ", 1)[0] for line in told(text).splitlines()] == [
        "zoo.yml:2:1",
        "zoo.yml:4:14",
        "zoo.yml:5:9",
        "zoo.yml:6:11",
        "zoo.yml:8:5",
        "zoo.yml:10:5",
        "zoo.yml:10:11",
    ]


def test_a_mistake_is_the_users_to_mend_and_carries_its_position_as_data() -> None:
    with pytest.raises(UserError) as caught:
        manifest.loads("models: [zoo:f]", Path("zoo.yml"))
    assert isinstance(caught.value, manifest.ManifestError)
    (mistake,) = caught.value.mistakes
    assert mistake.position == manifest.Position("zoo.yml", 1, 10)


def test_a_mistake_behind_an_alias_is_told_once_where_it_is_written() -> None:
    text = "models:\n- {builder: 'z:f', id: a, kwargs: &k {a-b: 1}}\n- {builder: 'z:f', id: b, kwargs: *k}\n"
    assert told(text) == "zoo.yml:2:39: 'kwargs': 'a-b' cannot be the name of an argument"


def test_merging_may_override_what_it_merges() -> None:
    text = "models:\n- &a {builder: 'z:f', id: a}\n- {<<: *a, id: b}\n- {<<: [*a, {id: x}], id: c}\n"
    assert len(manifest.loads(text, Path("zoo.yml")).entries) == 3


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (
            "- {id: a, builder: 'z:f'}\n- {id: a, builder: 'z:g'}",
            "zoo.yml:3:8: the id 'a' is already used at zoo.yml:2:8: {}",
        ),
        (
            "- {builder: 'z:f'}\n- {builder: 'y:f'}",
            "zoo.yml:3:3: the id 'f' (derived from the name, as there is no 'id') is already used at zoo.yml:2:3: {}",
        ),
        (
            "- {id: a-b, builder: 'z:f'}\n- {id: a, builder: 'z:g', variants: [{id: b}]}",
            "zoo.yml:3:43: the id 'a-b' (model and variant) is already used at zoo.yml:2:8: {}",
        ),
        (
            "- {id: a, builder: 'z:g', variants: [{id: b}, {id: b}]}",
            "zoo.yml:2:52: the id 'a-b' (model and variant) is already used at zoo.yml:2:43: {}",
        ),
    ],
)
def test_an_id_that_is_used_twice_names_both_places(models: str, expected: str) -> None:
    assert told(f"models:\n{models}") == expected.format("give this one another")


def test_a_billion_laughs_are_refused() -> None:
    lines = ["models: [{builder: 'z:f', kwargs: {x: *i}}]"]
    bomb = ["a: &a [lol]"]
    bomb += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert told("\n".join([*bomb, *lines])).endswith("the aliases of this file expand to more than 100,000 values")


def test_a_bomb_of_merge_keys_is_refused() -> None:
    bomb = ["a0: &a0 {x: 1}", *(f"a{i + 1}: &a{i + 1} {{<<: [*a{i}, *a{i}]}}" for i in range(60))]
    assert told("\n".join(bomb)).endswith("the aliases of this file expand to more than 100,000 values")


def test_a_tower_of_aliases_is_refused() -> None:
    tower = ["a0: &a0 [1]", *(f"a{i + 1}: &a{i + 1} [*a{i}]" for i in range(300))]
    assert "nested too deep" in told("\n".join(tower))


def test_a_chain_of_merge_keys_is_no_tower() -> None:
    chain = ["- &a0 {builder: 'z:f', id: m0}", *(f"- &a{i + 1} {{<<: *a{i}, id: m{i + 1}}}" for i in range(60))]
    assert len(manifest.loads("models:\n" + "\n".join(chain), Path("zoo.yml")).entries) == 61


def test_thousands_of_mistakes_are_counted_not_all_shown() -> None:
    text = "models:\n" + "- {builder: 5}\n" * 2000
    lines = told(text).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "and 1950 more mistakes"
