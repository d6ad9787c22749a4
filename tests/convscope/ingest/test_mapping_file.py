"""A mapping file says what arrays mean; a fault names its line."""

from dataclasses import replace

import pytest

from convscope.errors import MappingError, UsageError
from convscope.ingest.digests import sha256_of
from convscope.ingest.mapping import (
    ArrayMapping,
    Axis,
    Cut,
    EpisodeMapping,
    FieldMapping,
    Kind,
    LogMapping,
    RingMapping,
    RoleMapping,
)
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.mapping_text import mapping_text
from convscope.values.fields import RowSum

FULL = LogMapping(
    fields=(
        FieldMapping(
            name="actions",
            array=ArrayMapping(path="/{run}/a", axes=(Axis.ROW, Axis.AGENT, Axis.VALUE)),
            next_path="/{run}/next/a",
            is_one_hot=True,
            values=("stay", 'a "quoted" one'),
        ),
        FieldMapping(
            name="info/held",
            array=ArrayMapping(path="/{run}/h", axes=(Axis.ROW, Axis.AGENT), take=(0, 1)),
            widths=(2, 3),
        ),
        FieldMapping(
            name="gates",
            array=ArrayMapping(path="/{run}/g", axes=(Axis.ROW, Axis.SENDER, Axis.RECEIVER)),
            row_sum=RowSum.KEEP,
        ),
        FieldMapping(
            name="interventions",
            array=ArrayMapping(path="/{run}/i", axes=(Axis.ROW, Axis.AGENT)),
            is_randomized=True,
        ),
    ),
    episodes=EpisodeMapping(
        cut=Cut.STARTS,
        array=ArrayMapping(path="/{run}/starts", axes=(Axis.EPISODE,)),
        terminated=ArrayMapping(path="/{run}/ended", axes=()),
        truncated=ArrayMapping(path="/{run}/t", axes=(Axis.ROW,)),
        ended=ArrayMapping(path="/{run}/e", axes=(Axis.ROW,)),
    ),
    agents=("scout 1", "guard"),
    teams={"scout 1": "blue team", "guard": "red"},
    roles=RoleMapping(of_agent={"scout 1": "scout"}),
    alive=ArrayMapping(path="/{run}/alive", axes=(Axis.ROW, Axis.AGENT)),
    acting=ArrayMapping(path="/{run}/turn", axes=(Axis.ROW, Axis.AGENT)),
    ignore=("/junk",),
    environment="relay",
    framework="own",
)


def written(tmp_path, text):
    path = tmp_path / "map.toml"
    path.write_text(text)
    return path


def test_a_mapping_that_was_written_is_read_back_the_same(tmp_path):
    text = mapping_text(FULL)
    read = read_mapping(written(tmp_path, text))
    assert read.sha256 == sha256_of(text.encode())
    assert read.file == "map.toml"
    assert mapping_text(read) == text
    assert (read.fields, read.episodes, read.teams, read.roles) == (FULL.fields, FULL.episodes, FULL.teams, FULL.roles)
    assert (read.alive, read.acting) == (FULL.alive, FULL.acting)


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        (["convscope-mapping = 2"], 1, "convscope-mapping = 1"),
        (["convscope-mapping = 1", "[feilds]"], 2, "feilds"),
        (["convscope-mapping = 1", "[fields.observations]", 'path = "/o"', 'axes = ["row", "agnet"]'], 4, "agnet"),
        (["convscope-mapping = 1", "[fields.actons]", 'path = "/a"', 'axes = ["row"]'], 2, "did you mean 'actions'"),
        (["convscope-mapping = 1", "[fields.observations]", 'axes = ["row"]'], 2, "path"),
        (["convscope-mapping = 1", "[fields.observations]", 'path = "/o"'], 2, "axes"),
        (["convscope-mapping = 1", "[fields.state]", 'path = "/o"', "axes = []"], 2, "axes"),
        (["convscope-mapping = 1", "[fields.state]", 'path = "/o"', 'axes = ["row"]', 'next = "o"'], 5, "next"),
        (["convscope-mapping = 1", "[episodes]", 'cut = "sometimes"'], 3, "sometimes"),
        (["convscope-mapping = 1", "[agents]", "names = [1]"], 3, "list of texts"),
        (["convscope-mapping = 1", "fields = 3"], 2, "table"),
        (["convscope-mapping = 1", "[roles]"], 2, "path"),
        (["convscope-mapping = 1", "[fields.actions]", 'path = "/a"', 'axes = ["row"]', "one_hot = 1"], 5, "true or"),
        (
            ["convscope-mapping = 1", "[fields.actions]", 'path = "/a"', 'axes = ["row"]', 'one_hot = "yes"'],
            5,
            "true or",
        ),
        (["convscope-mapping = 1", "[roles.of_agent]", 'a = "x"', "b = 3"], 4, "must be a text"),
    ],
)
def test_a_fault_names_its_line(tmp_path, lines, line, what):
    with pytest.raises(MappingError, match=what) as caught:
        read_mapping(written(tmp_path, "\n".join(lines)))
    assert str(caught.value).startswith(f"map.toml:{line}:")


def test_text_that_is_no_toml_and_a_missing_file_are_clear_errors(tmp_path):
    with pytest.raises(MappingError, match=r"map\.toml:2: not valid TOML"):
        read_mapping(written(tmp_path, "convscope-mapping = 1\na = = b"))
    with pytest.raises(UsageError, match="no mapping file"):
        read_mapping(tmp_path / "none.toml")


def test_marks_of_rows_ends_and_lives_are_written_and_read_alike(tmp_path):
    rows = (Axis.ROW,)
    mapping = LogMapping(
        fields=(
            FieldMapping(name="actions", array=ArrayMapping(path="/a", axes=(Axis.ROW, Axis.AGENT)), kind=Kind.AMOUNTS),
            FieldMapping(name="rewards", array=ArrayMapping(path="/r", axes=(Axis.ROW, Axis.AGENT)), is_late=True),
        ),
        episodes=EpisodeMapping(
            cut=Cut.ANNOUNCED,
            array=ArrayMapping(path="/o", axes=rows),
            after=ArrayMapping(path="/n", axes=rows),
            ended=ArrayMapping(path="/not_done", axes=rows, is_negated=True),
        ),
        dead_see_nothing=False,
        ring=RingMapping(cursor="/@ptr", count="/{run}@size", full="/@full", rows=3, first=0),
    )
    path = tmp_path / "map.toml"
    path.write_text(mapping_text(mapping))
    assert replace(read_mapping(path), file=None, sha256=None) == mapping


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[ring]\n", "needs a cursor"),
        ("[ring]\nrows = -1\n", "rows must be a whole number"),
        ('[ring]\ncursor = "ptr"\n', "cursor must be a group and a name"),
        ('[fields.actions]\npath = "/a"\naxes = ["row"]\nkind = "numbers"\n', "none of choices, amounts"),
    ],
)
def test_a_fault_in_marks_is_named(tmp_path, text, fault):
    path = tmp_path / "map.toml"
    path.write_text(f"convscope-mapping = 1\n{text}")
    with pytest.raises(MappingError, match=fault):
        read_mapping(path)


def test_every_unknown_key_of_a_table_is_listed_with_its_line(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text("convscope-mapping = 1\n[log]\nenvironmnt = 'a'\nframewrk = 'b'\n")
    with pytest.raises(MappingError) as error:
        read_mapping(path)
    first, second = (
        "map.toml:3: unknown key 'environmnt'; did you mean 'environment'?",
        "line 4: unknown key 'framewrk'",
    )
    assert first in str(error.value)
    assert second in str(error.value)


@pytest.mark.parametrize(
    "key", ["a." * 100_000 + "b = 1", "[" + "a . " * 50_000 + "b]", "x = {" + "a." * 100_000 + "b = 1}"]
)
def test_a_key_of_very_many_parts_is_refused_at_once(tmp_path, key):
    path = tmp_path / "map.toml"
    path.write_text(f"convscope-mapping = 1\n{key}\n# ........... {'.' * 500} is no key\n")
    with pytest.raises(MappingError, match="a key in it has more than 100 parts"):
        read_mapping(path)
