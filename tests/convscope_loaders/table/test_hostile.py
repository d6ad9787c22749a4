"""Tables from strangers: whatever they hold, an error in a line, within bounds of time and memory."""

import gzip
import json
import time

import pytest

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.inspect import inspect_logs
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import probe
from convscope.ingest.table_mapping import TableMapping
from convscope.report.terminal import inspection_lines
from convscope_loaders.table import LOADER, text
from tests.convscope_loaders.table.rows import ROWS, as_text, opened, whole, write

HEAD = "episode,t,agent,action\n"
GOOD = HEAD + "".join(f"0,{t},{a},{t}\n" for t in range(4) for a in "ab")

TEXTS = {
    "endless line": "x" * 5_000_000,
    "endless columns": "episode,t,agent,action" + ",c" * 1_000_000,
    "columns of one name": "episode,t,agent,action,action\n0,0,a,1,2\n",
    "many columns": ",".join(["episode", "t", "agent", "action", *(f"c{k}" for k in range(30_000))]) + "\n",
    "header alone": HEAD,
    "ragged rows": GOOD + "0,5,a,1,2,3\n",
    "open quote": GOOD + '0,5,"a,1\n',
    "NUL bytes": GOOD + "0,\x000,a,1\n",
    "words for numbers": GOOD + "0,soon,a,1\n",
    "not a number of an agent": GOOD + "0,4,,1\n",
    "deep JSON": '{"episode": 0, "t": 0, "agent": 0, "action": ' + "[" * 5000 + "]" * 5000 + "}\n",
    "huge number": '{"episode": 0, "t": 0, "agent": 0, "action": ' + "9" * 10_000 + "}\n",
    "cut JSON": '{"episode": 0, "t": 0, "agent": 0, "action": 0}\n{"episode": 0, "t": 0\n{"episode": 1}',
    "JSON of other things": '{"episode": 0, "t": 0, "agent": 0, "action": 0}\n[1, 2]\n',
    "JSON of changing kinds": '{"episode": 0, "t": 0, "agent": 0, "action": 0}\n{"t": {"x": 1}, "action": [1]}\n',
    "JSON names twice": '{"episode": 0, "t": 0, "agent": 0, "action": 0, "a": {"b": 1}, "a/b": 2}\n',
    "NaN in broken JSON": '{"episode": NaN, "agent": 0, "action": 0\n',
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_broken_and_hostile_texts_are_errors_in_a_line_and_quick(tmp_path, name, ending):
    path = tmp_path / f"log{ending}"
    content = TEXTS[name].encode()
    path.write_bytes(gzip.compress(content, 1) if ending.endswith(".gz") else content)
    start = time.process_time()
    seen = probe(path, path.name)
    LOADER.sniff(seen)
    assert time.process_time() - start < 5
    with pytest.raises(ConvscopeError) as caught:
        LOADER.open(seen, None)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert time.process_time() - start < 20


def test_text_of_another_encoding_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(GOOD.replace(",a,", ",\u00e4,").encode("latin-1"))
    with pytest.raises(LogFormatError, match="utf-8"):
        opened(path)
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(LogFormatError, match="text in UTF-16"):
        choose(probe(path, path.name), [LOADER]).loader.open(probe(path, path.name), None)


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAX_PARSED_BYTES", 1 << 20)
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress((GOOD + "0,5,a,1\n" * 500_000).encode()))
    assert path.stat().st_size < 100_000
    with pytest.raises(LogFormatError, match="holds more than 1 MiB"):
        opened(path)
    path.write_bytes(gzip.compress(GOOD.encode())[:-20])
    with pytest.raises(LogFormatError, match="broken gzip archive"):
        opened(path)


def test_names_that_do_things_elsewhere_stay_names(tmp_path):
    rows = [
        {
            "episode": 0,
            "t": t,
            "agent": agent,
            "action": '=HYPERLINK("http://x")' if t % 2 else "\x1b[2J\x1b[31mred",
            "=cmd|' /C calc'!A0": t,
            "\x1b]0;owned": 1,
            "<script>alert(1)</script>": 2,
            "\u202eevil": 3,
            "__class__": 4,
        }
        for t in range(4)
        for agent in ("=1+1", "\x1b[31mbob")
    ]
    for name in ("log.csv", "log.jsonl"):
        path = write(tmp_path / name, rows)
        log = opened(path)
        assert [agent.name for agent in log.header.agents] == ["\x1b[31mbob", "=1+1"]
        assert whole(log)[1]["actions"][1, :, 0].tolist() == [1, 1]
        shown = "\n".join(inspection_lines(inspect_logs([path])[0]))
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_cells_of_any_length_are_read(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(GOOD.replace("a", "a" * 100_000, 1).replace(",b,", f",{'b' * 100_000},"))
    assert "\n" not in str(opened(write(tmp_path / "plain.csv", ROWS)).header.agents[0].name)
    with pytest.raises(ConvscopeError):
        opened(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("progress.csv", "iteration,episode_reward_mean,time_total_s,loss\n1,2,3,4\n"),
        ("scalars.csv", "Wall time,Step,Value\n1.5,0,0.1\n1.6,1,0.2\n"),
        ("metrics.jsonl", json.dumps({"epoch": 1, "loss": 0.5, "return": 3}) + "\n"),
    ],
)
def test_tables_of_scalars_are_said_to_be_none_of_what_agents_did(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    loaders = [found.loader for found in installed_loaders()[0]]
    with pytest.raises(LogFormatError, match="not of what agents did") as caught:
        choose(probe(path, name), loaders).loader.open(probe(path, name), None)
    assert not LOADER.sniff(probe(path, name)).is_log
    assert str(caught.value).count("\n") == 0


def test_our_own_reports_tables_are_named(tmp_path):
    path = tmp_path / "roles.csv"
    path.write_text("run,checkpoint,condition,episode,source,agent,declared_role,role,confidence\na,,,0,x,b,,0,1\n")
    with pytest.raises(LogFormatError, match="is a table of a convscope report: give the log"):
        opened(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", b"{", b"[", b"[{", b"{}\n", b'"', b",,,\n", b"\xff\xfe\x00", b"# a\n", b"PAR1"]
)
def test_a_glance_at_anything_never_raises(tmp_path, content):
    path = tmp_path / "log.csv"
    path.write_bytes(content * 3 or b"\n")
    assert 0 <= LOADER.sniff(probe(path, path.name)).score <= 0.5


def test_one_json_object_alone_describes_something_and_is_no_table(tmp_path):
    path = tmp_path / "metadata.json"
    path.write_text('{"observations": {"shape": [3]}, "agents": ["a"], "actions": 1}\n')
    assert LOADER.sniff(probe(path, path.name)).score == 0
    path.write_text(json.dumps([{"t": t, "agent": "a", "action": t} for t in range(3)]))
    assert opened(path).episodes.length.tolist() == [3]


def test_prose_is_no_table(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Dear reader, this is a letter, not a log.\nYours, me\n")
    assert LOADER.sniff(probe(path, path.name)).score == 0


def test_a_mapping_that_names_too_much_is_an_error_in_a_line(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(as_text(ROWS))
    for table in (
        TableMapping(agent="reward", episode=("action",)),
        TableMapping(time="agent"),
        TableMapping(agents=("ann", "bob")),
        TableMapping(episode=("done", "done")),
    ):
        with pytest.raises(ConvscopeError) as caught:
            opened(path, LogMapping(table=table))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_text_beyond_the_limit_is_refused_and_never_cut(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(text, "MAX_PARSED_BYTES", 20)
    path = tmp_path / "x.csv"
    path.write_bytes(pack(b"episode,t,agent,action\n0,0,a,1\n"))
    with pytest.raises(LogFormatError, match=r"x\.csv holds more than 0 MiB; give it in parts"):
        text.unpacked(path)
